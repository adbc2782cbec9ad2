# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Turns our packages into what the site shows of them: docstrings as Markdown, names once."""

import re
from typing import Any

from griffe import Class, Extension, Module, Object

ROLE = re.compile(r':(?:attr|class|func|meth|mod):`~?([^`]+)`')
FIELD_INSIDE_LINE = re.compile(r'(?<=\S) +(?=:(?:param \w+|return|raises \w+):)')

SHOWN_AS_IMPORTED = ('lnn_control.liquid',)
"""Packages whose page has the names that they import, not their modules."""


def rewrite_docstring(text: str) -> str:
    """Return a docstring with its roles as code and each field on a line of its own."""
    return FIELD_INSIDE_LINE.sub('\n', ROLE.sub(r'`\1`', text))


class SiteView(Extension):
    """Rewrites each object before its docstring is parsed."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is None:
            return
        text = rewrite_docstring(obj.docstring.value)
        # The parser knows the constructor of a dataclass, but not that of a named tuple.
        if isinstance(obj, Class) and any(str(base) == 'NamedTuple' for base in obj.bases):
            text = text.replace(':param ', ':ivar ')
        obj.docstring.value = text

    def on_module(self, *, mod: Module, **_: Any) -> None:
        """Leave out the names that a package only imports: their modules have them."""
        if mod.is_init_module and mod.path not in SHOWN_AS_IMPORTED:
            for name in [name for name, member in mod.members.items() if member.is_alias]:
                del mod.members[name]
            if mod.exports is not None:
                mod.exports = [name for name in mod.exports if str(name) in mod.members]
