"""Contains all the data models used in inputs/outputs"""

from .access_event_public import AccessEventPublic
from .access_public import AccessPublic
from .account_create import AccountCreate
from .account_create_roles_item import AccountCreateRolesItem
from .account_page import AccountPage
from .account_public import AccountPublic
from .account_public_roles_item import AccountPublicRolesItem
from .account_update import AccountUpdate
from .account_update_roles_type_0_item import AccountUpdateRolesType0Item
from .answer_create import AnswerCreate
from .api_key_create import ApiKeyCreate
from .api_key_create_scopes_item import ApiKeyCreateScopesItem
from .api_key_created import ApiKeyCreated
from .api_key_public import ApiKeyPublic
from .attempt_public import AttemptPublic
from .audit_entry import AuditEntry
from .audit_entry_detail import AuditEntryDetail
from .audit_page import AuditPage
from .board_left import BoardLeft
from .board_left_cause_title import BoardLeftCauseTitle
from .board_left_urgency import BoardLeftUrgency
from .board_leg import BoardLeg
from .board_leg_cause_title import BoardLegCauseTitle
from .board_leg_part_title import BoardLegPartTitle
from .board_leg_state import BoardLegState
from .board_leg_urgency import BoardLegUrgency
from .board_public import BoardPublic
from .board_route import BoardRoute
from .campaign_acted import CampaignActed
from .campaign_acted_left_out import CampaignActedLeftOut
from .campaign_close import CampaignClose
from .campaign_closed import CampaignClosed
from .campaign_command import CampaignCommand
from .campaign_command_arguments import CampaignCommandArguments
from .campaign_line import CampaignLine
from .campaign_news import CampaignNews
from .campaign_news_words import CampaignNewsWords
from .campaign_public import CampaignPublic
from .campaign_public_cause_title import CampaignPublicCauseTitle
from .candidate_public import CandidatePublic
from .candidate_public_title import CandidatePublicTitle
from .change_told import ChangeTold
from .channel_public import ChannelPublic
from .channel_public_title import ChannelPublicTitle
from .command_create import CommandCreate
from .command_create_arguments import CommandCreateArguments
from .command_description import CommandDescription
from .command_description_arguments import CommandDescriptionArguments
from .command_description_arguments_additional_property import (
    CommandDescriptionArgumentsAdditionalProperty,
)
from .command_description_title import CommandDescriptionTitle
from .command_public import CommandPublic
from .command_public_arguments import CommandPublicArguments
from .command_public_state import CommandPublicState
from .command_public_title import CommandPublicTitle
from .concern_public import ConcernPublic
from .concern_public_title import ConcernPublicTitle
from .credential_create import CredentialCreate
from .credential_create_kind import CredentialCreateKind
from .credential_created import CredentialCreated
from .credential_created_kind import CredentialCreatedKind
from .credential_public import CredentialPublic
from .credential_public_kind import CredentialPublicKind
from .cycle_public import CyclePublic
from .day_plan_public import DayPlanPublic
from .delivery_detail import DeliveryDetail
from .delivery_detail_data import DeliveryDetailData
from .delivery_detail_state import DeliveryDetailState
from .delivery_page import DeliveryPage
from .delivery_public import DeliveryPublic
from .delivery_public_state import DeliveryPublicState
from .device_claim import DeviceClaim
from .device_claim_mapping import DeviceClaimMapping
from .device_detail import DeviceDetail
from .device_detail_channels import DeviceDetailChannels
from .device_detail_commands import DeviceDetailCommands
from .device_detail_latest import DeviceDetailLatest
from .device_detail_type_title import DeviceDetailTypeTitle
from .device_page import DevicePage
from .device_public import DevicePublic
from .device_public_type_title import DevicePublicTypeTitle
from .disable_request import DisableRequest
from .disabled_device import DisabledDevice
from .engineer_figures_public import EngineerFiguresPublic
from .engineer_public import EngineerPublic
from .engineer_update import EngineerUpdate
from .event_type_public import EventTypePublic
from .event_type_public_type import EventTypePublicType
from .evidence_plot import EvidencePlot
from .evidence_public import EvidencePublic
from .evidence_public_title import EvidencePublicTitle
from .figures_public import FiguresPublic
from .filter_public import FilterPublic
from .filter_public_title import FilterPublicTitle
from .get_history_format import GetHistoryFormat
from .get_history_resolution import GetHistoryResolution
from .get_history_response_200 import GetHistoryResponse200
from .get_history_response_200_columns_item import GetHistoryResponse200ColumnsItem
from .health import Health
from .health_file import HealthFile
from .health_file_level import HealthFileLevel
from .history_entry import HistoryEntry
from .history_entry_from_state_type_0 import HistoryEntryFromStateType0
from .history_entry_to_state import HistoryEntryToState
from .insight_public import InsightPublic
from .insight_public_body import InsightPublicBody
from .insight_public_figures import InsightPublicFigures
from .inspection_create import InspectionCreate
from .inspection_create_urgency import InspectionCreateUrgency
from .inspection_line import InspectionLine
from .inspection_public import InspectionPublic
from .issue_entry_public import IssueEntryPublic
from .issue_repair_public import IssueRepairPublic
from .issue_repair_public_cause_title import IssueRepairPublicCauseTitle
from .issue_repair_public_parts_item import IssueRepairPublicPartsItem
from .issue_share_public import IssueSharePublic
from .issue_share_public_dimension import IssueSharePublicDimension
from .issue_share_public_title import IssueSharePublicTitle
from .item_public import ItemPublic
from .leg_public import LegPublic
from .list_tickets_stage_item import ListTicketsStageItem
from .list_tickets_state import ListTicketsState
from .list_tickets_urgency_type_0 import ListTicketsUrgencyType0
from .list_webhook_deliveries_state import ListWebhookDeliveriesState
from .member_public import MemberPublic
from .message_public import MessagePublic
from .message_public_answers import MessagePublicAnswers
from .message_public_answers_additional_property import (
    MessagePublicAnswersAdditionalProperty,
)
from .message_public_audience import MessagePublicAudience
from .message_public_body import MessagePublicBody
from .myself import Myself
from .myself_reach import MyselfReach
from .oidc_beginning import OidcBeginning
from .oidc_finish import OidcFinish
from .overview import Overview
from .owner_command_create import OwnerCommandCreate
from .owner_command_create_arguments import OwnerCommandCreateArguments
from .password_change import PasswordChange
from .problem import Problem
from .product_issue_detail import ProductIssueDetail
from .product_issue_detail_cause_title import ProductIssueDetailCauseTitle
from .product_issue_detail_state import ProductIssueDetailState
from .product_issue_detail_type_title import ProductIssueDetailTypeTitle
from .product_issue_move import ProductIssueMove
from .product_issue_move_to import ProductIssueMoveTo
from .product_issue_public import ProductIssuePublic
from .product_issue_public_cause_title import ProductIssuePublicCauseTitle
from .product_issue_public_state import ProductIssuePublicState
from .product_issue_public_type_title import ProductIssuePublicTypeTitle
from .rating_create import RatingCreate
from .rating_create_scores import RatingCreateScores
from .rating_public import RatingPublic
from .reading_public import ReadingPublic
from .refresh import Refresh
from .remote import Remote
from .remote_desired import RemoteDesired
from .remote_reported import RemoteReported
from .report_create import ReportCreate
from .report_public import ReportPublic
from .revocation import Revocation
from .route_public import RoutePublic
from .ruled_out_public import RuledOutPublic
from .ruled_out_public_reason import RuledOutPublicReason
from .ruled_out_public_title import RuledOutPublicTitle
from .secret_create import SecretCreate
from .secret_created import SecretCreated
from .series import Series
from .series_title import SeriesTitle
from .session_public import SessionPublic
from .session_public_roles_item import SessionPublicRolesItem
from .sign_in import SignIn
from .similar_public import SimilarPublic
from .similar_ticket import SimilarTicket
from .similar_ticket_outcome import SimilarTicketOutcome
from .similar_ticket_outcome_title import SimilarTicketOutcomeTitle
from .similar_ticket_parts_item import SimilarTicketPartsItem
from .ticket_move import TicketMove
from .ticket_move_outcome import TicketMoveOutcome
from .ticket_move_to import TicketMoveTo
from .ticket_page import TicketPage
from .ticket_public import TicketPublic
from .ticket_public_advice import TicketPublicAdvice
from .ticket_public_cause_title import TicketPublicCauseTitle
from .ticket_public_moves_item import TicketPublicMovesItem
from .ticket_public_outcome import TicketPublicOutcome
from .ticket_public_part_title import TicketPublicPartTitle
from .ticket_public_state import TicketPublicState
from .ticket_public_summary import TicketPublicSummary
from .ticket_public_urgency import TicketPublicUrgency
from .ticket_summary import TicketSummary
from .ticket_summary_cause_title import TicketSummaryCauseTitle
from .ticket_summary_outcome import TicketSummaryOutcome
from .ticket_summary_state import TicketSummaryState
from .ticket_summary_summary import TicketSummarySummary
from .ticket_summary_urgency import TicketSummaryUrgency
from .timeline_entry import TimelineEntry
from .timeline_entry_kind import TimelineEntryKind
from .timeline_entry_title import TimelineEntryTitle
from .unclaimed_public import UnclaimedPublic
from .water_quality import WaterQuality
from .webhook_create import WebhookCreate
from .webhook_create_types_item import WebhookCreateTypesItem
from .webhook_created import WebhookCreated
from .webhook_created_origin import WebhookCreatedOrigin
from .webhook_public import WebhookPublic
from .webhook_public_origin import WebhookPublicOrigin
from .webhook_update import WebhookUpdate
from .webhook_update_types_item import WebhookUpdateTypesItem
from .window_public import WindowPublic

__all__ = (
    "AccessEventPublic",
    "AccessPublic",
    "AccountCreate",
    "AccountCreateRolesItem",
    "AccountPage",
    "AccountPublic",
    "AccountPublicRolesItem",
    "AccountUpdate",
    "AccountUpdateRolesType0Item",
    "AnswerCreate",
    "ApiKeyCreate",
    "ApiKeyCreated",
    "ApiKeyCreateScopesItem",
    "ApiKeyPublic",
    "AttemptPublic",
    "AuditEntry",
    "AuditEntryDetail",
    "AuditPage",
    "BoardLeft",
    "BoardLeftCauseTitle",
    "BoardLeftUrgency",
    "BoardLeg",
    "BoardLegCauseTitle",
    "BoardLegPartTitle",
    "BoardLegState",
    "BoardLegUrgency",
    "BoardPublic",
    "BoardRoute",
    "CampaignActed",
    "CampaignActedLeftOut",
    "CampaignClose",
    "CampaignClosed",
    "CampaignCommand",
    "CampaignCommandArguments",
    "CampaignLine",
    "CampaignNews",
    "CampaignNewsWords",
    "CampaignPublic",
    "CampaignPublicCauseTitle",
    "CandidatePublic",
    "CandidatePublicTitle",
    "ChangeTold",
    "ChannelPublic",
    "ChannelPublicTitle",
    "CommandCreate",
    "CommandCreateArguments",
    "CommandDescription",
    "CommandDescriptionArguments",
    "CommandDescriptionArgumentsAdditionalProperty",
    "CommandDescriptionTitle",
    "CommandPublic",
    "CommandPublicArguments",
    "CommandPublicState",
    "CommandPublicTitle",
    "ConcernPublic",
    "ConcernPublicTitle",
    "CredentialCreate",
    "CredentialCreated",
    "CredentialCreatedKind",
    "CredentialCreateKind",
    "CredentialPublic",
    "CredentialPublicKind",
    "CyclePublic",
    "DayPlanPublic",
    "DeliveryDetail",
    "DeliveryDetailData",
    "DeliveryDetailState",
    "DeliveryPage",
    "DeliveryPublic",
    "DeliveryPublicState",
    "DeviceClaim",
    "DeviceClaimMapping",
    "DeviceDetail",
    "DeviceDetailChannels",
    "DeviceDetailCommands",
    "DeviceDetailLatest",
    "DeviceDetailTypeTitle",
    "DevicePage",
    "DevicePublic",
    "DevicePublicTypeTitle",
    "DisabledDevice",
    "DisableRequest",
    "EngineerFiguresPublic",
    "EngineerPublic",
    "EngineerUpdate",
    "EventTypePublic",
    "EventTypePublicType",
    "EvidencePlot",
    "EvidencePublic",
    "EvidencePublicTitle",
    "FiguresPublic",
    "FilterPublic",
    "FilterPublicTitle",
    "GetHistoryFormat",
    "GetHistoryResolution",
    "GetHistoryResponse200",
    "GetHistoryResponse200ColumnsItem",
    "Health",
    "HealthFile",
    "HealthFileLevel",
    "HistoryEntry",
    "HistoryEntryFromStateType0",
    "HistoryEntryToState",
    "InsightPublic",
    "InsightPublicBody",
    "InsightPublicFigures",
    "InspectionCreate",
    "InspectionCreateUrgency",
    "InspectionLine",
    "InspectionPublic",
    "IssueEntryPublic",
    "IssueRepairPublic",
    "IssueRepairPublicCauseTitle",
    "IssueRepairPublicPartsItem",
    "IssueSharePublic",
    "IssueSharePublicDimension",
    "IssueSharePublicTitle",
    "ItemPublic",
    "LegPublic",
    "ListTicketsStageItem",
    "ListTicketsState",
    "ListTicketsUrgencyType0",
    "ListWebhookDeliveriesState",
    "MemberPublic",
    "MessagePublic",
    "MessagePublicAnswers",
    "MessagePublicAnswersAdditionalProperty",
    "MessagePublicAudience",
    "MessagePublicBody",
    "Myself",
    "MyselfReach",
    "OidcBeginning",
    "OidcFinish",
    "Overview",
    "OwnerCommandCreate",
    "OwnerCommandCreateArguments",
    "PasswordChange",
    "Problem",
    "ProductIssueDetail",
    "ProductIssueDetailCauseTitle",
    "ProductIssueDetailState",
    "ProductIssueDetailTypeTitle",
    "ProductIssueMove",
    "ProductIssueMoveTo",
    "ProductIssuePublic",
    "ProductIssuePublicCauseTitle",
    "ProductIssuePublicState",
    "ProductIssuePublicTypeTitle",
    "RatingCreate",
    "RatingCreateScores",
    "RatingPublic",
    "ReadingPublic",
    "Refresh",
    "Remote",
    "RemoteDesired",
    "RemoteReported",
    "ReportCreate",
    "ReportPublic",
    "Revocation",
    "RoutePublic",
    "RuledOutPublic",
    "RuledOutPublicReason",
    "RuledOutPublicTitle",
    "SecretCreate",
    "SecretCreated",
    "Series",
    "SeriesTitle",
    "SessionPublic",
    "SessionPublicRolesItem",
    "SignIn",
    "SimilarPublic",
    "SimilarTicket",
    "SimilarTicketOutcome",
    "SimilarTicketOutcomeTitle",
    "SimilarTicketPartsItem",
    "TicketMove",
    "TicketMoveOutcome",
    "TicketMoveTo",
    "TicketPage",
    "TicketPublic",
    "TicketPublicAdvice",
    "TicketPublicCauseTitle",
    "TicketPublicMovesItem",
    "TicketPublicOutcome",
    "TicketPublicPartTitle",
    "TicketPublicState",
    "TicketPublicSummary",
    "TicketPublicUrgency",
    "TicketSummary",
    "TicketSummaryCauseTitle",
    "TicketSummaryOutcome",
    "TicketSummaryState",
    "TicketSummarySummary",
    "TicketSummaryUrgency",
    "TimelineEntry",
    "TimelineEntryKind",
    "TimelineEntryTitle",
    "UnclaimedPublic",
    "WaterQuality",
    "WebhookCreate",
    "WebhookCreated",
    "WebhookCreatedOrigin",
    "WebhookCreateTypesItem",
    "WebhookPublic",
    "WebhookPublicOrigin",
    "WebhookUpdate",
    "WebhookUpdateTypesItem",
    "WindowPublic",
)
