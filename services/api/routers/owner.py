"""What an owner may do, with the token in the link that the owner was sent."""

from __future__ import annotations

from fastapi import APIRouter

from services.api import views
from services.api.dependencies import HouseholdDep, PlatformDep
from services.messages import repository as messages
from services.schemas import AnswerCreate, MessagePublic, RatingCreate, RatingPublic

router = APIRouter(prefix="/owner/{token}", tags=["owner"])


@router.get("/messages")
def list_messages(household: HouseholdDep, platform: PlatformDep) -> list[MessagePublic]:
    """Return what the household was told, the latest first."""
    with platform.transaction() as conn:
        rows = messages.of_household(conn, household)
    return [views.message_public(row) for row in rows]


@router.post("/messages/{message_id}/answer")
def post_answer(
    message_id: str, answer: AnswerCreate, household: HouseholdDep, platform: PlatformDep
) -> MessagePublic:
    """Answer a question; the same answer twice is taken once, another one is a conflict."""
    with platform.transaction() as conn:
        row = platform.desk.answer(conn, household, message_id, answer.answer)
    return views.message_public(row)


@router.post("/tickets/{ticket_id}/rating")
def post_rating(
    ticket_id: str, rating: RatingCreate, household: HouseholdDep, platform: PlatformDep
) -> RatingPublic:
    """Rate a service, 1 to 5."""
    with platform.transaction() as conn:
        ticket = platform.desk.rate(conn, household, ticket_id, rating.rating)
    return RatingPublic(ticket=ticket.id, rating=ticket.rating or rating.rating)
