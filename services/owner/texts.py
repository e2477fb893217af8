"""Every sentence of the owner's page, complete in English and Chinese.

Placeholders are filled with ``str.format``; what is filled in is escaped by the template.
"""

from __future__ import annotations

from datetime import datetime

LANGUAGES = ("en", "zh")

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "page_title": "Your appliances",
        "greeting": "Hello {name}",
        "greeting_nameless": "Hello",
        "all_well": "All your appliances are well.",
        "one_needs_you": "One thing needs you.",
        "some_need_you": "{count} things need you.",
        "being_handled": "We are taking care of something.",
        "no_appliances": "No appliance is connected to your home yet.",
        "no_appliances_hint": "Once your appliance is on your Wi-Fi, it appears here by itself.",
        "badge_ok": "Well",
        "badge_attention": "Needs you",
        "badge_handled": "In our care",
        "badge_offline": "Not connected",
        "health_ok": "Everything is as it should be.",
        "health_offline": "It has not reported since {when}. Please check its power and your Wi-Fi.",
        "health_never": "It has not reported yet. Please check its power and your Wi-Fi.",
        "state_owner_asked": "Something is not as usual. Your answer tells us what to do next.",
        "state_owner_asked_answered": "Thank you. We are acting on your answer.",
        "state_owner_checked": "Thank you. We are watching whether it returns to normal.",
        "state_unanswered": "We did not hear from you, so we are arranging help.",
        "state_recovered": "It has returned to normal by itself. No visit is needed.",
        "state_remote": "Our service team is working on it from afar. You need not do anything.",
        "state_on_site": "An engineer needs to look at it. We will tell you the time of the visit here.",
        "state_planned": "An engineer is coming.",
        "state_visiting": "The engineer is at work on it.",
        "state_resolved": "The work is done. We are checking that everything is back to normal.",
        "state_verified": "The readings are back to normal. Please tell us how it went.",
        "state_confirmed": "Thank you. We are closing this.",
        "state_on_hold": "We are waiting for a part or an appointment, and will write as soon as we know.",
        "state_closed_recovered": "It returned to normal. No visit was needed.",
        "state_closed_owner_fixed": "Thank you for putting it right: no visit was needed.",
        "state_closed_visit": "The repair is finished.",
        "likely_cause": "Probably: {cause}",
        "found_cause": "Found: {cause}",
        "visit": "Visit",
        "visit_by": "{engineer} comes {when}",
        "visit_when": "{when}",
        "question": "Please check",
        "answer_by": "Please answer by {when}.",
        "you_answered": "You answered “{answer}” at {when}.",
        "report_title": "Tell us what is wrong",
        "report_label": "What do you notice?",
        "report_send": "Send",
        "note_reported": "Thank you. Your report has been received.",
        "rate_title": "How did it go?",
        "rate_label": "{count} of 5",
        "rate_low": "Not well",
        "rate_high": "Very well",
        "rated": "You gave {count} of 5. Thank you.",
        "aspects_title": "A word more, if you like",
        "aspects_send": "Send",
        "aspect_punctuality": "On time",
        "aspect_skill": "Skill",
        "aspect_manner": "Manner",
        "aspect_result": "Result",
        "approval": "We ask for your approval",
        "approval_hint": "Without your yes nothing is done.",
        "past": "Earlier",
        "past_visit": "repaired",
        "past_recovered": "settled without a visit",
        "language": "Language",
        "insight": "Worth knowing",
        "insight_usual": "usually",
        "insight_now": "this time",
        "messages": "Messages",
        "footer": "This page is yours alone: whoever has its link can answer for you.",
        "note_answered": "Thank you. Your answer has been recorded.",
        "note_rated": "Thank you for your rating.",
        "note_scored": "Thank you. Your words reach the engineer's team.",
        "note_conflict": "This has been settled in the meantime: this is how things stand now.",
        "note_invalid": "That could not be recorded. Please choose one of the buttons.",
        "note_gone": "That is not open any more: this is how things stand now.",
        "error_link_title": "This link does not work",
        "error_link": "It is incomplete or has expired. Open the newest message from your service team.",
        "error_down_title": "We cannot reach your data",
        "error_down": "Please try again in a minute. Your appliances carry on as usual.",
        "retry": "Try again",
    },
    "zh": {
        "page_title": "我的家电",
        "greeting": "{name}，您好",
        "greeting_nameless": "您好",
        "all_well": "您的家电一切正常。",
        "one_needs_you": "有一件事需要您确认。",
        "some_need_you": "有{count}件事需要您确认。",
        "being_handled": "我们正在为您处理。",
        "no_appliances": "您家还没有接入家电。",
        "no_appliances_hint": "家电连上您家的无线网络后，会自动出现在这里。",
        "badge_ok": "正常",
        "badge_attention": "需要您",
        "badge_handled": "处理中",
        "badge_offline": "未连接",
        "health_ok": "一切正常。",
        "health_offline": "自{when}起没有上报数据，请检查电源和无线网络。",
        "health_never": "还没有上报数据，请检查电源和无线网络。",
        "state_owner_asked": "情况与平时不同，您的回答将决定下一步。",
        "state_owner_asked_answered": "谢谢，我们正在根据您的回答处理。",
        "state_owner_checked": "谢谢，我们正在观察是否恢复正常。",
        "state_unanswered": "没有收到您的回复，我们正在安排处理。",
        "state_recovered": "已自行恢复正常，无需上门。",
        "state_remote": "服务团队正在远程处理，您无需操作。",
        "state_on_site": "需要工程师上门检查，上门时间将显示在这里。",
        "state_planned": "工程师将上门。",
        "state_visiting": "工程师正在处理。",
        "state_resolved": "维修已完成，我们正在确认是否恢复正常。",
        "state_verified": "数据已恢复正常，请告诉我们您是否满意。",
        "state_confirmed": "谢谢，我们即将结束本次服务。",
        "state_on_hold": "正在等待配件或预约，有消息会立即通知您。",
        "state_closed_recovered": "已恢复正常，无需上门。",
        "state_closed_owner_fixed": "感谢您动手处理，无需上门。",
        "state_closed_visit": "维修已完成。",
        "likely_cause": "可能原因：{cause}",
        "found_cause": "故障原因：{cause}",
        "visit": "上门服务",
        "visit_by": "{engineer}将于{when}上门",
        "visit_when": "{when}",
        "question": "请您确认",
        "answer_by": "请在{when}前回复。",
        "you_answered": "您于{when}回复：“{answer}”。",
        "report_title": "有问题需要反馈",
        "report_label": "您发现了什么？",
        "report_send": "提交",
        "note_reported": "谢谢，我们已收到您的反馈。",
        "rate_title": "您对本次服务满意吗？",
        "rate_label": "{count}分（满分5分）",
        "rate_low": "不满意",
        "rate_high": "非常满意",
        "rated": "您评了{count}分（满分5分），谢谢。",
        "aspects_title": "方便的话，再多说几句",
        "aspects_send": "提交",
        "aspect_punctuality": "准时",
        "aspect_skill": "技能",
        "aspect_manner": "态度",
        "aspect_result": "结果",
        "approval": "请您授权",
        "approval_hint": "未经您同意，不会执行任何操作。",
        "past": "以往记录",
        "past_visit": "已维修",
        "past_recovered": "无需上门，已解决",
        "language": "语言",
        "insight": "用电提示",
        "insight_usual": "平时",
        "insight_now": "这次",
        "messages": "消息",
        "footer": "本页面仅供您使用：持有此链接的人可以代您回复。",
        "note_answered": "谢谢，已收到您的回复。",
        "note_rated": "感谢您的评分。",
        "note_scored": "谢谢，您的评价已转达服务团队。",
        "note_conflict": "此事已有新进展，以下是最新情况。",
        "note_invalid": "未能记录，请点击页面上的按钮。",
        "note_gone": "此事已结束，以下是最新情况。",
        "error_link_title": "链接无效",
        "error_link": "链接不完整或已过期，请打开服务团队发给您的最新消息。",
        "error_down_title": "暂时无法读取数据",
        "error_down": "请一分钟后再试，您的家电照常运行。",
        "retry": "重试",
    },
}

_WEEKDAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def pick(text: dict[str, str], language: str) -> str:
    """Return the text in ``language``, in English where that is missing.

    >>> pick({"en": "Door", "zh": "门"}, "zh")
    '门'
    """
    return text.get(language) or text.get("en", "")


def say_moment(moment: datetime, now: datetime, language: str) -> str:
    """Return a moment for people, both given in the home's time zone; the date only when it is not today.

    >>> say_moment(datetime(2026, 3, 2, 14, 5), datetime(2026, 3, 1, 9, 0), "en")
    'Mon 2 Mar, 14:05'
    >>> say_moment(datetime(2026, 3, 2, 14, 5), datetime(2026, 3, 2, 9, 0), "zh")
    '14:05'
    """
    clock = f"{moment:%H:%M}"
    return clock if moment.date() == now.date() else f"{_day(moment, language)}{_gap(language)}{clock}"


def say_window(start: datetime, end: datetime, now: datetime, language: str) -> str:
    """Return a visit window for people, all given in the home's time zone.

    >>> say_window(datetime(2026, 3, 2, 14), datetime(2026, 3, 2, 16), datetime(2026, 3, 2, 9), "en")
    'today, 14:00–16:00'
    >>> say_window(datetime(2026, 3, 3, 14), datetime(2026, 3, 3, 16), datetime(2026, 3, 2, 9), "zh")
    '明天 14:00–16:00'
    """
    days = (start.date() - now.date()).days
    names = {"en": {0: "today", 1: "tomorrow"}, "zh": {0: "今天", 1: "明天"}}[language]
    day = names.get(days) or _day(start, language)
    if start.date() == end.date():
        return f"{day}{_gap(language)}{start:%H:%M}–{end:%H:%M}"
    return f"{day}{_gap(language)}{start:%H:%M} – {_day(end, language)}{_gap(language)}{end:%H:%M}"


def _day(moment: datetime, language: str) -> str:
    weekday = _WEEKDAYS[language][moment.weekday()]
    if language == "zh":
        return f"{moment.month}月{moment.day}日 {weekday}"
    return f"{weekday} {moment.day} {_MONTHS[moment.month - 1]}"


def _gap(language: str) -> str:
    return " " if language == "zh" else ", "
