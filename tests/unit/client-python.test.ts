import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

const hasPython = spawnSync('python3', ['--version']).status === 0
const skipped = hasPython ? '' : ' (skipped: python3 is not installed)'

/** Names what lacks an annotation, and evaluates all annotations, so that each names a type. */
const program = `
import ast, importlib, pathlib, sys, typing
sys.dont_write_bytecode = True
sys.path.insert(0, "src/clients/python")
functions, faults = 0, []
clients = pathlib.Path("src/clients/python")
for path in [*(clients / "promo_tracking").glob("**/*.py"), clients / "newsletter.py"]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        functions += 1
        given = node.args
        named = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, [given.vararg, given.kwarg])]
        bare = [one.arg for one in named if one.annotation is None and one.arg not in ("self", "cls")]
        faults += [f"{path.name} {node.name}: {name}" for name in bare]
        if node.returns is None:
            faults.append(f"{path.name} {node.name}: what it returns")
for name in ("promo_tracking", "newsletter"):
    module = importlib.import_module(name)
    for one in vars(module).values():
        if getattr(one, "__module__", "") == name and callable(one):
            typing.get_type_hints(one)
print(functions, *faults, sep="\\n")
`

test.skipIf(!hasPython)(`every function of the Python client says its types${skipped}`, () => {
  const { stdout, stderr } = spawnSync('python3', ['-c', program], { encoding: 'utf8' })
  const [functions, ...faults] = stdout.trim().split('\n')
  expect([stderr, faults]).toEqual(['', []])
  expect(Number(functions)).toBeGreaterThan(10)
})
