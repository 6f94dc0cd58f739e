"""No small exercise is a transcription: an answer that stands in the lesson, but for the names of its variables.

What a right answer gives is cut into pieces: the value that it returns, or the entries of a dictionary or a tuple,
with the lines above put in where their names stand. In a loop, a piece is what one of its lines says. A piece stands in
the lesson if one of the lesson's expressions has its form: the same calls and operators at the same places, where each
variable of the answer may stand for anything, but always for the same. An answer is a transcription if all its pieces
stand in one lesson, and they are few, or stand together in one cell.

What this doesn't see: lines of the lesson in a form that no answer of the catalogue has. So write the answer that is
nearest to the lesson into the catalogue.
"""

import ast
import copy
import functools
import inspect
import re
import textwrap

import pytest
from answers import ANSWERS, EXERCISES, SOLUTIONS
from lessons import LESSONS

from makemlp.checking import exercises

SMALL = [one for name, module in vars(exercises).items() if name.startswith("lesson_") for one in module.EXERCISES]
ASKED = [one for one in SMALL if one.cases is not None]  # not with a pencil: there is nothing to paste
FEW = 3  # pieces that may come from different cells of a lesson
DEPTH = 4  # lines above that a name of the lesson is followed through


class Lines:
    """The expressions of some lessons, each once, with the places where it stands, and what their names stand for."""

    def __init__(self, lessons):
        self.places, self.text, self.given, self.returned, self.behind = {}, {}, {}, {}, {}
        for lesson in lessons:
            for cell in lesson.code:
                tree = ast.parse(re.sub(r"^(\s*)[%!].*", r"\1pass", cell.source, flags=re.M))
                self._read((lesson.number, cell.raw["id"]), tree)

    def _read(self, place, tree):
        for node in ast.walk(tree):
            if isinstance(node, ast.expr | ast.Assign | ast.AugAssign):
                text = self.text[node] = ast.unparse(node)
                self.places.setdefault(type(node), {}).setdefault(text, (node, set()))[1].add(place)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                for name, value in _pairs(node.targets[0], node.value):
                    self.given.setdefault(name, {})[self.text[value]] = value
            if isinstance(node, ast.FunctionDef) and isinstance(node.body[-1], ast.Return) and node.body[-1].value:
                given = [one.arg for one in node.args.args if one.arg != "self"]
                self.returned.setdefault(node.name, []).append((given, node.body[-1].value))

    def having(self, piece, variables):
        """How the lessons say this piece: each renaming of its variables, with the lessons and cells."""
        alike = self.places.get(type(piece), {}).values()
        fits = [(self._same(piece, one, {}, variables, DEPTH), places) for one, places in alike]
        return [(renamed, places) for renamed, places in fits if renamed is not None]

    def _fits(self, piece, line, renamed, variables, depth):
        """The renaming by which the answer's piece becomes the lesson's line, or None."""
        if isinstance(piece, ast.Name) and piece.id in variables:
            text = self.text.get(line)  # None where it is no expression
            return {**renamed, piece.id: text} if text and renamed.get(piece.id, text) == text else None
        found = self._same(piece, line, renamed, variables, depth)
        if found is not None or not depth or not isinstance(line, ast.Name | ast.Call):
            return found
        # the line may say by a name what an earlier line made, or by a call what a function of the lesson returns
        for value in self._behind(line):
            found = self._fits(piece, value, renamed, variables, depth - 1)
            if found is not None:
                return found
        return None

    def _behind(self, line):
        if line not in self.behind:
            if isinstance(line, ast.Name):
                self.behind[line] = list(self.given.get(line.id, {}).values())
            else:
                name = getattr(line.func, "id", getattr(line.func, "attr", None))
                self.behind[line] = [self._called(line, *one) for one in self.returned.get(name, [])]
        return self.behind[line]

    def _called(self, line, given, value):
        """What a function of the lesson returns, with what it is called on in place of its parameters."""
        value = PutIn(dict(zip(given, line.args, strict=False))).visit(copy.deepcopy(value))
        self.text.update((node, ast.unparse(node)) for node in ast.walk(value) if isinstance(node, ast.expr))
        return value

    def _same(self, piece, line, renamed, variables, depth):
        if type(piece) is not type(line):
            return None
        for field, ours in ast.iter_fields(piece):
            theirs = getattr(line, field)
            if isinstance(ours, ast.expr_context):
                continue
            if isinstance(ours, ast.AST) and isinstance(theirs, ast.AST):
                renamed = self._fits(ours, theirs, renamed, variables, depth)
            elif isinstance(ours, list) and isinstance(theirs, list):
                if len(ours) != len(theirs):
                    return None
                for one, other in zip(ours, theirs, strict=True):
                    renamed = None if renamed is None else self._fits(one, other, renamed, variables, depth)
            elif ours != theirs:
                return None
            if renamed is None:
                return None
        return renamed


def _pairs(target, value):
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for one, other in zip(target.elts, value.elts, strict=True):
            yield from _pairs(one, other)


class PutIn(ast.NodeTransformer):
    """Puts in what names stand for."""

    def __init__(self, lines):
        self.lines = lines

    def visit_Name(self, node):
        return copy.deepcopy(self.lines.get(node.id, node)) if isinstance(node.ctx, ast.Load) else node


def lines_above(tree):
    """What the names of an answer stand for that it gives once and in no loop."""
    stores = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    put_in = PutIn({})
    for line in tree.body[-1].body:
        if isinstance(line, ast.Assign) and len(line.targets) == 1:
            for name, value in _pairs(line.targets[0], line.value):
                if stores.count(name) == 1:
                    put_in.lines[name] = put_in.visit(copy.deepcopy(value))
    return put_in


def pieces(tree):
    """What an answer gives, and what its loops do."""
    put_in = lines_above(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Return(value=ast.Dict(values=values)) | ast.Return(value=ast.Tuple(elts=values)):
                yield from map(put_in.visit, values)
            case ast.Assign(targets=[ast.Subscript()]) | ast.AugAssign():
                yield node
            case ast.Assign(targets=[target]) if all(name in put_in.lines for name in _names(target)):
                pass  # it stands where its name stood
            case ast.Assign(value=ast.Tuple(elts=values)):
                yield from values
            case ast.Assign(value=value) | ast.Return(value=value) | ast.Expr(value=value) if value is not None:
                yield put_in.visit(value)
            case ast.For(iter=value) | ast.If(test=value) | ast.While(test=value) | ast.Lambda(body=value):
                yield put_in.visit(value)


def _names(target):
    return [node.id for node in ast.walk(target) if isinstance(node, ast.Name)]


def says_something(piece):
    return any(isinstance(node, ast.Call | ast.BinOp | ast.Subscript | ast.comprehension) for node in ast.walk(piece))


def stands_in(source, lines):
    """Whether this answer is a transcription of these lines."""
    tree = ast.parse(source)
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    having = []
    for one in filter(says_something, pieces(tree)):
        having.append(lines.having(one, bound))
        if not having[-1]:
            return False
    cells = [set().union(*(places for _, places in fits)) for fits in having]
    return bool(set.intersection(*cells)) or (len(having) <= FEW and _together(having, {}, None))


def _together(having, renamed, lessons):
    """Whether one lesson says all pieces, and means the same by each name."""
    if not having:
        return True
    for names, places in having[0]:
        there = {lesson for lesson, _ in places} & (lessons or {lesson for lesson, _ in places})
        alike = all(renamed.get(name, text) == text for name, text in names.items())
        if there and alike and _together(having[1:], renamed | names, there):
            return True
    return False


@functools.cache
def lines_up_to(number):
    """All that a learner of this lesson has read, which 04b belongs to when it is lesson 04."""
    return Lines(one for one in LESSONS if one.number[:2] <= number)


def lines_for(exercise):
    """Those of its lesson, of all before, and of a later one that its task names."""
    lesson = exercise.number[:2]
    (notebook,) = [one for one in EXERCISES if one.path.stem.startswith(lesson)]
    text = "".join(one.source for one in notebook.prose if f"-{exercise.name}-" in one.raw["id"])
    return lines_up_to(max(lesson, *re.findall(r"[Ll]essons? (\d\d)", text)))


@pytest.mark.parametrize("exercise", ASKED, ids=lambda one: one.name)
def test_no_right_answer_stands_in_the_lesson(exercise):
    right = [one.source for one in ANSWERS if one.exercise == exercise.name and one.kind == "met"]
    right += [textwrap.dedent(inspect.getsource(exercise.reference))]
    right += [one.source for book in SOLUTIONS for one in book.cells if f"-{exercise.name}-answer" in one.raw["id"]]
    pasted = [source for source in right if stands_in(source, lines_for(exercise))]
    assert not pasted, "\n".join(["the lesson says this already:", *pasted])


PASTED = {
    "renamed": "def f(A):\n    return A / A.sum(1, keepdim=True)",
    "in two lines": "def f(A):\n    sums = A.sum(1, keepdim=True)\n    return A / sums",
}


@pytest.mark.parametrize("source", PASTED.values(), ids=PASTED)
def test_what_is_pasted_is_found(source):
    """The rows of a table in parts of their sums: lesson 01 says so."""
    assert stands_in(source, lines_up_to("01"))
    assert not stands_in(source.replace("sum(1", "sum(0"), lines_up_to("01"))
