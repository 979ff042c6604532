"""The page: Gradio, one module a tab. It does no arithmetic on pixels or latents; that is the studio's."""

from .page import build_page, launch_options, visitors_pages

__all__ = ["build_page", "launch_options", "visitors_pages"]
