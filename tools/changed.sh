#!/bin/sh
# Names the notebooks that hold something new since the last commit: lessons, and the solutions of changed exercises.
cd "$(dirname "$0")/.." || exit 1
{
    git diff --name-only --diff-filter=d HEAD -- 'notebooks/*.ipynb' 'exercises/*.ipynb'
    git ls-files --others --exclude-standard -- 'notebooks/*.ipynb' 'exercises/*.ipynb'
} 2>/dev/null | sed 's,^exercises/\([^/]*\)$,exercises/solutions/\1,' | sort -u
