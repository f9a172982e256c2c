"""Names that only one C++ file knows, found by a scanner that knows as much of the language as our style uses.

Files of a room are compiled several at once (SIPLOOM_UNITY), where such names meet: in one namespace (in tests, which
use each other's, in all) a name is one file's alone, is not that of a header of the room, and is not hidden by a constant
inside a function. Aliases may be the same when they say the same.
"""
import re
from collections import defaultdict
from dataclasses import dataclass

NOT_CODE = re.compile(r"""//[^\n]*|/\*.*?\*/|R"(?P<mark>\w*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|"""
                      r"""(?<!\w)'(?:\\.|[^'\\\n])+'""", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.M)
INNER_CONSTANT = re.compile(r"^[ \t]+(?:static )?(?:constexpr|const) [^;=({]*?\b(k[A-Z]\w*)(?:\[\w*\])? ?[={]", re.M)


@dataclass(frozen=True)
class Name:
    name: str
    space: str    # the namespace, without anonymous ones
    what: str     # macro, alias, type, function, variable, inner (a constant of a function), forward
    line: int
    local: bool   # nothing outside the file can mean it
    same_as: str  # of an alias


def names_of(text):
    """Names at namespace scope, macros, and constants inside functions."""
    text = NOT_CODE.sub(lambda m: ('""' if m[0][0] in '"R' else "0" if m[0][0] == "'" else "") + "\n" * m[0].count("\n"),
                        text)
    found = [Name(m[1], "", "macro", line_at(text, m.start(1)), True, "") for m in MACRO.finditer(text)]
    text = DIRECTIVE.sub(lambda m: "\n" * m[0].count("\n"), text)
    spaces, head, begin, depth = [], "", 0, 0
    for at, c in enumerate(text):
        if not head.strip():
            begin = at
        if depth:  # inside braces that are no namespace's
            depth += (c == "{") - (c == "}")
            if depth == 0 and is_function(head):
                add(found, text, head, begin, spaces)
                space = "::".join(s for s in spaces if s)
                found += [Name(m[1], space, "inner", line_at(text, begin + m.start(1)), True, "")
                          for m in INNER_CONSTANT.finditer(text[begin:at])]
                head = ""
            elif depth == 0:
                head += c
        elif c == "{":
            space = re.fullmatch(r"\s*(?:inline )?(?:namespace\s*([\w:]*)|extern \"\")\s*", head)
            if space:
                spaces.append(space[1])
                head = ""
            else:
                depth = 1
                head += c
        elif c == "}":
            del spaces[-1:]
            head = ""
        elif c == ";":
            add(found, text, head, begin, spaces)
            head = ""
        else:
            head += c
    return found


def line_at(text, at):
    return text.count("\n", 0, at) + 1


def is_function(head):
    return bool(re.search(r"\)[^=]*$", head)) and not re.match(r"\s*(struct|class|enum|union)\b", head)


def without_templates(head):
    """`template <...>` taken off the front, and the arguments of templates out of the rest."""
    while (begin := re.match(r"template ?<", head)) is not None:
        depth, at = 1, begin.end()
        while depth and at < len(head):
            depth += (head[at] == "<") - (head[at] == ">")
            at += 1
        head = head[at:].strip()
    while (shorter := re.sub(r"<[^<>()=;]*>", "", head)) != head:
        head = shorter
    return head


def add(found, text, head, begin, spaces):
    begin += len(head) - len(head.lstrip())
    line = line_at(text, begin)
    space = "::".join(s for s in spaces if s)
    anonymous = "" in spaces
    head = re.sub(r"\[\[.*?\]\]", "", " ".join(head.split())).strip()

    def give(name, what, local, same_as=""):
        found.append(Name(name, space, what, line, bool(local), same_as))

    if not head or re.match(r"friend|static_assert|using namespace|using enum|namespace \w+ =", head):
        return
    if (m := re.match(r"using (\w+) ?= ?(.*)", head)) is not None:
        return give(m[1], "alias", True, m[2])
    if (m := re.fullmatch(r"using ([\w:]+)", head)) is not None:
        return give(m[1].split("::")[-1], "alias", True, m[1])
    flat = without_templates(head)
    if (m := re.match(r"(?:struct|class|union|enum(?: class)?) (\w+)(?= final\b| ?\{| ?:(?!:)|$)", flat)) is not None:
        return give(m[1], "type" if "{" in head else "forward", True)
    if (m := re.match(r"([\w:&*~ ]*?[ &*])([\w:~]+) ?\(", flat)) is not None:
        if "::" not in m[2] and "operator" not in m[0]:
            give(m[2], "function", anonymous or re.search(r"\bstatic\b", m[1]))
        return None
    if "(" in flat.split("=")[0].split("{")[0]:
        return None  # a test case, or a member of another file's class
    local = anonymous or (re.search(r"\b(static|constexpr|const)\b", flat) and not re.search(r"\b(inline|extern)\b", flat))
    for part in re.sub(r"\{[^{}]*\}|\[[^\]]*\]", "", flat).split(","):
        if (m := re.match(r"(?:.*\W)?([A-Za-z_]\w*) ?(?:=|$)", part.split("=")[0].strip() + "=")) is not None:
            give(m[1], "variable", local)
    return None


def clashes(files, of_tests):
    """`files`: {name: text} of one room's library, or of its tests, with the headers of the room. Gives sentences."""
    local, inner, shared = defaultdict(list), defaultdict(list), {}
    for file, text in sorted(files.items()):
        for n in names_of(text):
            key = ("" if of_tests and n.what != "alias" else n.space, n.name)
            if file.endswith(".h"):
                if n.what not in ("macro", "inner", "forward", "alias"):
                    shared.setdefault(key, (file, n))
            elif n.what == "inner":
                inner[key].append((file, n))
            elif n.local:
                local[key].append((file, n))
    out = []
    for key, places in sorted(local.items()):
        first, name = places[0]
        for file, n in places[1:]:
            same = n.what == name.what == "alias" and n.same_as == name.same_as
            if file != first and not same:
                out.append(f"{file}:{n.line}: {n.name} is a name of {first}:{name.line}, too")
                break
        if key in shared and name.what not in ("forward", "alias"):
            out.append(f"{first}:{name.line}: {name.name} is a name of {shared[key][0]}, too")
        for file, n in inner[key]:
            if any(other != file for other, at in places if at.what in ("variable", "alias", "type")):
                out.append(f"{file}:{n.line}: {n.name} is a name of {first}:{name.line}, too")
    return out
