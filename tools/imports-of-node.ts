import { isBuiltin } from 'node:module';

/** An import as the bundler writes it: a line of its own, of names, of all or of the default. */
const importLine = /^import (?:\{(?<names>[^}]*)\}|(?:\* as )?(?<whole>[\w$]+)) from "(?<module>[^"]+)";$/gm;

/**
 * The same code, which gets Node's own modules without importing them. An import reads every export, and some are loaded by
 * being read: `WebSocket` of `node:http` brings all of `fetch`, a tenth of a worker's start.
 */
export function withoutImportsOfNode(code: string): string {
  return code.replaceAll(
    importLine,
    (line: string, names: string | undefined, whole: string | undefined, module: string) => {
      if (!isBuiltin(module)) return line;
      const bound = names === undefined ? whole : `{${names.replaceAll(' as ', ': ')}}`;
      return `const ${bound} = process.getBuiltinModule("${module}");`;
    },
  );
}
