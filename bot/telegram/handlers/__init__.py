"""What a person's update means: parse, call the service, answer. Recording comes first, replies are optional.

One module per behaviour. All add their handlers to one router: in a router of its own, each would bring an observer
for every kind of update that Telegram has, which takes longer to make than all our handlers, and to ask.
"""

from dataclasses import fields

from aiogram import Dispatcher

from bot.telegram.access import AccessMiddleware
from bot.telegram.addressing import Addressing
from bot.telegram.command_names import ADMIN, PERSONAL
from bot.telegram.dependencies import HandlerDependencies
from bot.telegram.double_taps import DoubleTaps
from bot.telegram.filters import keep_filters_on_the_loop
from bot.telegram.handlers import (
    admin,
    answers,
    cancel,
    edits,
    feedback,
    groups,
    help_screens,
    hints,
    history,
    job_buttons,
    language,
    membership,
    outdated,
    own_data,
    photos,
    remind,
    replies,
    result_buttons,
    retry_buttons,
    settings,
    start,
    tools,
)
from bot.telegram.migration import Migration
from bot.telegram.sample import SamplePhoto
from bot.telegram.shown_results import ShownResults
from bot.telegram.submissions import Submissions
from bot.telegram.taken import NoteHandler

# The first handler that fits takes the update: pictures before commands, since a caption may be one, what a group does
# not get to see before all screens, links to a screen before the usual start, what others may not press before what
# they may, and what fits nearly everything last.
_IN_ORDER = (
    photos,
    replies,
    groups,
    help_screens,
    settings,
    language,
    history,
    cancel,
    own_data,
    start,
    tools,
    admin,
    feedback,
    job_buttons,
    remind,
    answers,
    result_buttons,
    retry_buttons,
    hints,
    outdated,
    edits,
    membership,
)


def build_dispatcher(dependencies: HandlerDependencies) -> Dispatcher:
    """The dispatcher with everything its handlers ask for by name."""
    dispatcher = Dispatcher(disable_fsm=True)
    for field in fields(dependencies):
        dispatcher[field.name] = getattr(dependencies, field.name)
    double_taps = dispatcher["double_taps"] = DoubleTaps(dependencies.notes, dependencies.clock)
    dispatcher["submissions"] = Submissions(
        dependencies.jobs,
        dependencies.results,
        dependencies.people,
        dependencies.presets,
        dependencies.rules,
        dependencies.replies,
        double_taps,
    )
    dispatcher["shown"] = ShownResults(dependencies.jobs, dependencies.results, dependencies.rules.bot_id)
    dispatcher["sample"] = SamplePhoto()
    addressing = Addressing(dependencies.rules.bot_id, {*PERSONAL, *ADMIN, *dependencies.presets})
    access = AccessMiddleware(addressing, dependencies.people, dependencies.rules, dependencies.replies)
    dispatcher.message.outer_middleware(Migration(dependencies.moved_groups))
    dispatcher.message.outer_middleware(access)
    dispatcher.edited_message.outer_middleware(access)
    dispatcher.callback_query.outer_middleware(access)
    note_handler = NoteHandler()
    for kind in dispatcher.observers.values():
        if kind is not dispatcher.update:  # whose only handler asks all the others
            kind.middleware(note_handler)
    for module in _IN_ORDER:
        module.add_handlers(dispatcher)
    keep_filters_on_the_loop(dispatcher)
    return dispatcher
