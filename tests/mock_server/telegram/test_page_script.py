"""How the modules of the chat page become one script, and what is refused on the way."""

import re
import textwrap

import pytest

from mock_server.telegram.page_files import PAGE_DIRECTORY, SCRIPT, page_files
from mock_server.telegram.page_script import PageScriptError, join_modules

MODULES = {path.name: path.read_text() for path in PAGE_DIRECTORY.glob("*.js")}


def join(**modules):
    """Join modules given by name and text; `main` is the entry."""
    return join_modules({f"{name}.js": textwrap.dedent(text) for name, text in modules.items()}, "main.js")


def why_not(**modules):
    with pytest.raises(PageScriptError) as refused:
        join(**modules)
    return str(refused.value)


def test_a_module_stands_after_all_that_it_imports_as_a_browser_would_run_them():
    script = join(
        main='import { a } from "./a.js";\nimport { b } from "./b.js";\nconst all = [a, b];',
        b='import { c } from "./c.js";\nexport const b = c;',
        a='import { c } from "./c.js";\nexport const a = c;',
        c="export const c = 1;",
    )
    assert re.findall(r"^const (\w+)", script, re.MULTILINE) == ["c", "a", "b", "all"]


def test_nothing_is_left_of_imports_and_exports_and_all_else_stays():
    script = join(
        main="""\
            // What it does.

            import { Store, load, tidy } from "./store.js";

            const [WIDE, HIGH] = [load(), tidy()];
            await new Store().begin();
            """,
        store="""\
            export class Store {
              begin = () => "export const none = 1;"; // import { no } from "./none.js";
            }
            export async function load() {}
            export function tidy() {}
            export let [first, second] = [1, 2], { third, fourth } = {};
            const { fifth } = {}, path = "./store.js";
            """,
    )
    assert script == textwrap.dedent(
        """\
        // ---- store.js: its line n is line n + 1 of this script
        class Store {
          begin = () => "export const none = 1;"; // import { no } from "./none.js";
        }
        async function load() {}
        function tidy() {}
        let [first, second] = [1, 2], { third, fourth } = {};
        const { fifth } = {}, path = "./store.js";
        // ---- main.js: its line n is line n + 9 of this script
        // What it does.



        const [WIDE, HIGH] = [load(), tidy()];
        await new Store().begin();
        """
    )


def test_a_line_of_the_script_leads_to_the_line_of_its_module():
    script = page_files()[SCRIPT].body.decode().split("\n")
    named = {}
    for line in script:
        if heading := re.match(r"// ---- (\S+): its line n is line n \+ (\d+) of this script$", line):
            named[heading[1]] = int(heading[2])
    assert named.keys() == MODULES.keys()
    for name, offset in named.items():
        for number, line in enumerate(MODULES[name].splitlines(), 1):
            assert script[number + offset - 1] in {line, line.removeprefix("export "), "" if "import" in line else line}


@pytest.mark.parametrize(
    "line",
    [
        'import a from "./a.js";',
        'import * as a from "./a.js";',
        'import { a as b } from "./a.js";',
        'import "./a.js";',
        "import { a } from './a.js';",
        'import { a } from "./a.js"',
        'import { a } from "a.js";',
        'import { a } from "../a.js";',
        'import { a, } from "./a.js";',
        "import {",
        'import {a} from "./a.js";',
        '  import { a } from "./a.js";',
        'const { a } = await import("./a.js");',
        "const here = import.meta.url;",
        "export default function a() {}",
        "export default 1;",
        "export { a };",
        'export { a } from "./a.js";',
        'export * from "./a.js";',
        "  export const a = 1;",
        "export const { a: b } = {};",
        "export let a, b;",
        "var a = 1;",
        "export var a = 1;",
        "class{}",
    ],
)
def test_a_form_that_is_not_understood_is_refused_with_its_place(line):
    reason = why_not(main=f"// first\n{line}\n", a="export const a = 1;")
    assert reason == f"main.js:2: not understood: {line.strip()}"


@pytest.mark.parametrize("line", ["const a = `one", "/* one", "const a = 1; /* one"])
def test_what_goes_over_several_lines_is_refused_since_its_lines_could_be_taken_for_code(line):
    assert why_not(main=f"{line}\ntwo\n") == "main.js:1: a text or comment over several lines is not understood"


def test_a_name_at_the_top_of_two_modules_is_refused_and_both_are_named():
    main = 'import { a } from "./a.js";\nfunction known() {}'
    assert why_not(main=main, a="\nexport const a = 1;\nlet known;") == (
        "main.js:2: known is declared in a.js:3 too; rename one of them"
    )
    assert "const known" in join(main=main, a="export const a = () => {\n  const known = 1;\n};")


def test_imports_in_a_circle_are_refused_and_the_circle_is_shown():
    assert why_not(
        main='import { a } from "./a.js";',
        a='import { b } from "./b.js";\nexport const a = 1;',
        b='\nimport { a } from "./a.js";\nexport const b = 1;',
    ) == ("b.js:2: an import in a circle: a.js → b.js → a.js")
    assert why_not(main='import { a } from "./main.js";\nexport const a = 1;').endswith("main.js → main.js")


def test_an_import_of_what_is_not_there_is_refused():
    main = 'import { a, b } from "./a.js";'
    assert why_not(main=main) == "main.js:1: there is no a.js"
    assert why_not(main=main, a="export const a = 1;\nconst b = 2;") == "main.js:1: a.js does not export b"


def test_every_module_has_its_use():
    assert why_not(main="", a="") == "a.js: nobody imports it"
    with pytest.raises(PageScriptError, match=r"there is no main\.js"):
        join_modules({}, "main.js")


def test_every_module_of_the_page_imports_what_it_calls_of_another():
    """Nothing but this would tell: once they are joined, every module can call what stands at the top of any."""
    top, imports, call = r"^(?:export )?(?:\w+ )+([\w$]+)", r"^import \{(.*)\}", r"(?<![\w$.#])([\w$]+)\((?!.*\) \{$)"
    declared = {name: set(re.findall(top, text, re.MULTILINE)) for name, text in MODULES.items()}
    for name, text in MODULES.items():
        imported = set(re.findall(r"[\w$]+", " ".join(re.findall(imports, text, re.MULTILINE))))
        code = re.sub(r'//.*|"(?:\\.|[^"\\\n])*"', "", text)
        others = set().union(*declared.values()) - declared[name] - imported
        assert not others & set(re.findall(call, code, re.MULTILINE)), name
