"""A new visitor costs next to nothing: no copy of the site is made for each browser."""

from __future__ import annotations

from gradio.state_holder import StateHolder

from studio import Studio
from ui import build_page
from ui.sessions import Session


def test_a_session_holds_no_copy_of_the_pages(studio: Studio):
    page = build_page(studio)
    holder = StateHolder()
    holder.set_blocks(page)
    session = holder["somebody"]
    assert isinstance(session, Session)
    assert session.config_values == {}
    some = next(iter(page.blocks))
    assert some in session and session[some] is page.blocks[some]
