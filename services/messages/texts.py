"""What owner and engineer are told, in English and Chinese. Data and one pure function.

Owners read what it means for them and what happens next; engineers read the diagnosis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.tickets.rules import News
from zerodistance.catalogue.model import Text

LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Words:
    """Two templates for one piece of news, each by language, and the answers that are offered."""

    owner: Text
    engineer: Text
    answers: Mapping[str, Text] | None = None


# {appliance}: what the owner calls it; {cause}, {summary}, {advice}: of the diagnosis; {window}: the visit's.
NEWS: dict[News, Words] = {
    News.ASKED: Words(
        owner={"en": "{question}", "zh": "{question}"},
        engineer={
            "en": "{device}: {summary} Likely cause: {cause}. The owner is being asked first.",
            "zh": "{device}：{summary}可能原因：{cause}。已先询问用户。",
        },
    ),
    News.REPORTED: Words(
        owner={
            "en": "Thank you. We have your report about your {appliance} and are looking at its readings.",
            "zh": "谢谢，我们已收到您关于{appliance}的反馈，正在查看运行数据。",
        },
        engineer={
            "en": "{device}: its owner reports: {summary}",
            "zh": "{device}：用户反馈：{summary}",
        },
    ),
    News.ADDED: Words(
        owner={
            "en": "Thank you. Whoever is dealing with your {appliance} has your message.",
            "zh": "谢谢，您的留言已转给正在处理{appliance}的人员。",
        },
        engineer={
            "en": "{device}: its owner has added something to the ticket.",
            "zh": "{device}：用户补充了信息，见工单。",
        },
    ),
    News.REMOTE: Words(
        owner={
            "en": "We noticed something about your {appliance} and are dealing with it from here: {cause}.",
            "zh": "我们注意到您的{appliance}有异常（{cause}），正在远程处理。",
        },
        engineer={
            "en": "{device}: {summary} Likely cause: {cause}. It is dealt with from afar. {advice}",
            "zh": "{device}：{summary}可能原因：{cause}。正在远程处理。{advice}",
        },
    ),
    News.DISPATCHED: Words(
        owner={
            "en": "Your {appliance} needs a service engineer. We will arrange a visit with you.",
            "zh": "您的{appliance}需要工程师上门，我们会与您约定时间。",
        },
        engineer={
            "en": "{device}: a visit is needed. {summary} Likely cause: {cause}. {advice}",
            "zh": "{device}：需要上门。{summary}可能原因：{cause}。{advice}",
        },
    ),
    News.OFFERED: Words(
        owner={
            "en": "The time that you picked for your {appliance} has just been taken.",
            "zh": "您为{appliance}选择的时间刚被占用。",
        },
        engineer={
            "en": "{device}: the window that the owner picked was taken; others are offered.",
            "zh": "{device}：用户所选时间已被占用，已提供其他时间。",
        },
    ),
    News.REVISED: Words(
        owner={
            "en": "We are still looking into your {appliance}; we now think that it is: {cause}.",
            "zh": "我们仍在关注您的{appliance}，目前判断为：{cause}。",
        },
        engineer={
            "en": "{device}: the cause was revised to {cause}. {summary} {advice}",
            "zh": "{device}：原因更正为{cause}。{summary}{advice}",
        },
    ),
    News.PLANNED: Words(
        owner={
            "en": "A service engineer will visit your {appliance}: {window}.",
            "zh": "工程师将上门维修您的{appliance}：{window}。",
        },
        engineer={
            "en": "{device}: the visit is planned for {window}.",
            "zh": "{device}：上门时间 {window}。",
        },
    ),
    News.UNPLANNED: Words(
        owner={
            "en": "The visit to your {appliance} cannot take place as planned. We will agree on a new time.",
            "zh": "您的{appliance}的上门安排有变，我们会与您重新约定时间。",
        },
        engineer={
            "en": "{device}: the planned visit fell through and must be agreed anew.",
            "zh": "{device}：原定上门取消，需重新约定。",
        },
    ),
    News.REOPENED: Words(
        owner={
            "en": "Your {appliance} is not right yet. We go on and will arrange a further visit.",
            "zh": "您的{appliance}尚未恢复正常，我们会继续处理并再次安排上门。",
        },
        engineer={
            "en": "{device}: reopened. {summary} Likely cause: {cause}. {advice}",
            "zh": "{device}：重新打开。{summary}可能原因：{cause}。{advice}",
        },
    ),
    News.RECOVERED: Words(
        owner={
            "en": "Your {appliance} is back to normal. Nothing more is needed.",
            "zh": "您的{appliance}已恢复正常，无需其他处理。",
        },
        engineer={
            "en": "{device}: the readings are back to normal; the ticket is closed.",
            "zh": "{device}：读数恢复正常，工单已关闭。",
        },
    ),
    News.VERIFIED: Words(
        owner={
            "en": "Your {appliance} was repaired and its readings are normal again. Is everything right?",
            "zh": "您的{appliance}已修好，读数恢复正常。请问一切都好吗？",
        },
        engineer={
            "en": "{device}: the readings confirm the repair; the owner is asked to confirm.",
            "zh": "{device}：读数证实维修有效，等待用户确认。",
        },
        answers={
            "confirm": {"en": "Yes, it works again.", "zh": "是的，已恢复正常"},
            "still_wrong": {"en": "No, it is still not right.", "zh": "没有，仍有问题"},
        },
    ),
    News.CLOSED: Words(
        owner={
            "en": "The service for your {appliance} is completed. Thank you.",
            "zh": "您的{appliance}服务已完成，谢谢。",
        },
        engineer={"en": "{device}: the ticket is closed.", "zh": "{device}：工单已关闭。"},
    ),
    News.CANCELLED: Words(
        owner={
            "en": "The service for your {appliance} was called off.",
            "zh": "您的{appliance}的服务已取消。",
        },
        engineer={"en": "{device}: the ticket was cancelled.", "zh": "{device}：工单已取消。"},
    ),
}

CAMPAIGN_OPENED: Text = {
    "en": "Campaign {number}: {cause} is common to {scope} of {appliances}. Their tickets are part of it.",
    "zh": "批量事件 {number}：{appliances}（{scope}）普遍出现{cause}，相关工单已并入。",
}
CAMPAIGN_YOURS: Text = {
    "en": "Your {appliance} is among several with the same trouble ({cause}). We are dealing with all of "
    "them together; nobody needs to come to you for now.",
    "zh": "您的{appliance}与其他多台设备出现相同情况（{cause}），我们正在统一处理，暂无需上门。",
}
CAMPAIGN_OVER: Text = {
    "en": "The trouble with your {appliance} is over: {cause}. Nothing more is needed.",
    "zh": "您的{appliance}的情况（{cause}）已解决，无需其他处理。",
}

DIGEST_HEAD: Text = {"en": "News from your appliances:", "zh": "您的家电今日消息："}
FOOD_REMINDER: Text = {
    "en": "In your {appliance} these should be used soon: {items}.",
    "zh": "{appliance}中以下食材即将到期，请尽快食用：{items}。",
}
WINDOW_QUESTION: Text = {"en": "When may we come?", "zh": "请选择上门时间。"}
OTHER_WINDOW: Text = {"en": "None of these: please call me.", "zh": "都不合适，请电话联系"}
PROTECT_QUESTION: Text = {
    "en": "Your {appliance} may fail around {when}, before we can come. May we run it gently until then "
    "({command})?",
    "zh": "您的{appliance}可能在 {when} 前后发生故障，而维修无法更早安排。"
    "是否允许先以保护模式运行（{command}）？",
}
PROTECT_ENGINEER: Text = {
    "en": "{device}: it may fail around {when}, before a visit; the owner is asked about: {command}.",
    "zh": "{device}：预计 {when} 前后失效，早于上门时间；已询问用户是否：{command}。",
}

CONSENT_QUESTION: Text = {
    "en": "May we do this with your {appliance}: {command}?",
    "zh": "是否允许对您的{appliance}执行：{command}？",
}
CONSENT_ANSWERS: dict[str, Text] = {
    "approve": {"en": "Yes, do it.", "zh": "同意"},
    "decline": {"en": "No.", "zh": "不同意"},
}


def fill(template: Text, values: Mapping[str, Text]) -> Text:
    """Return ``template`` with its fields filled, in each language; a language that misses falls to English.

    >>> fill({"en": "Hello {who}.", "zh": "你好，{who}。"}, {"who": {"en": "Li"}})
    {'en': 'Hello Li.', 'zh': '你好，Li。'}
    """
    done = {}
    for language in LANGUAGES:
        words = {name: text.get(language) or text.get("en", "") for name, text in values.items()}
        done[language] = " ".join((template.get(language) or template["en"]).format_map(words).split())
    return done
