"""The gallery's pictures, each made and drawn once for all the tests that look at it."""

import base64
import functools
import re
from pathlib import Path

import disturbance

from makemlp.gallery import GALLERY

# How strongly pictures are disturbed. What falls half-way between two pixels jumps on some machines and not on others:
# with a difference of the usual size that is seldom seen, and more often with a larger one.
AMPLIFIED = 400


@functools.cache
def _shown(name):
    with disturbance.stronger(AMPLIFIED):
        picture = GALLERY[name]()
    return picture, picture.to_html()


def drawn(name):
    """A picture of the gallery, laid out."""
    return _shown(name)[0]


def page_of(name):
    """The HTML that shows the picture."""
    return _shown(name)[1]


class Stored:
    """A picture's PNG in the place of a figure: pytest-mpl asks for a file, which need not be drawn again."""

    def __init__(self, name):
        self.png = png_of(name)

    def savefig(self, file, **options):
        Path(file).write_bytes(self.png)


def png_of(name):
    """The picture's PNG, as it stands in its HTML."""
    return base64.b64decode(re.search(r'base64,([^"]*)"', page_of(name))[1])
