import type { SourceFile } from './tree.ts';

interface Ban {
  readonly what: string;
  /** Which paths it is about. */
  readonly where: RegExp;
  readonly except?: RegExp;
  readonly pattern: RegExp;
  /** Where a line does not matter, the path itself is asked. */
  readonly subject?: 'path';
  readonly instead: string;
}

const scripts = /\.(?:ts|mjs)$/;
const source = /^src\/.*\.ts$/;
const processes = /^src\/(?:main\.ts|cli\/|supervisor\/)/;

/** What the linter cannot say. Each ban names what to do instead. */
export const bans: readonly Ban[] = [
  {
    what: 'a word that puts work off',
    where: /./,
    pattern: /\b(?:TODO|FIXME|XXX|HACK)\b/,
    instead: 'do it now, or file an issue',
  },
  {
    what: 'a drawer',
    where: /./,
    subject: 'path',
    pattern:
      /(?:^|[/-])(?:helpers?|utils?|utilities|common|misc|shared|managers?|factory|factories|index(?=\.))(?=[-./])/i,
    instead: 'name the file or folder after the one thing that it holds',
  },
  {
    what: 'a name that says nothing',
    where: scripts,
    pattern: /\b(?:class|interface|type|function|const|let)\s+\w*(?:Manager|Factory|Helper|Util)s?\b/,
    instead: 'name it after what it does, in the words of the field',
  },
  {
    what: 'an interface that says that it is one',
    where: scripts,
    pattern: /\b(?:interface|type)\s+I(?!P(?:v\d|[A-Z]|s?\b))[A-Z][a-z]/,
    instead: 'leave the I out',
  },
  {
    what: 'a test that does not run',
    where: /^test\/.*\.ts$/,
    pattern: /\b(?:it|test|describe|suite)\((['"`]).*\1, \{[^}]*\b(?:skip|todo|only)\b\s*[:,}]/,
    instead: 'a test runs, or says why not through test/not-run.ts',
  },
  {
    what: 'a clock in a room',
    where: source,
    except: processes,
    pattern: /\bnew Date\(\)/,
    instead: 'take the time as an argument, `now: () => number`',
  },
  {
    what: 'an import that the import rules do not see',
    where: source,
    pattern: /(?<![.\w])import\((?!')|\bnew URL\(\s*['"`]\.\.\/(?!main\b)/,
    instead: "write the path as a literal, import('./file.ts'), and start only processes of your own room",
  },
  {
    what: 'a file that has another name in dist/',
    where: source,
    pattern: /\bnew URL\(.*\.ts['"`]/,
    instead: 'give it the extension of import.meta.filename',
  },
  {
    what: 'a rule switched off without a reason',
    where: scripts,
    pattern: /oxlint-disable(?!.* -- \S+ \S+)/,
    instead: 'give the reason after the rule: `oxlint-disable-next-line RULE -- reason`',
  },
  {
    what: 'a text that is not formatted',
    where: /./,
    except: /^\.prettierignore$/,
    pattern: /prettier-ignore/,
    instead: 'write it so that the formatter leaves it readable',
  },
  {
    what: 'two assertions in place of a check',
    where: source,
    pattern: /\bas unknown as\b/,
    instead: 'write a guard, `value is T`',
  },
  {
    what: 'a body that is parsed at an edge',
    where: /^src\/(?:data-plane|control-plane|authority)\//,
    pattern: /\bJSON\.parse\(/,
    instead: 'take the body from http/, where its size and depth are limited',
  },
  {
    what: 'TLS that trusts anybody',
    where: /./,
    pattern: /rejectUnauthorized:\s*false|NODE_TLS_REJECT_UNAUTHORIZED|--insecure\b|\bcurl\b.* -\w*k\w*\s/,
    instead: 'give the client the CA (`caFile`)',
  },
  {
    what: 'a path of somebody’s machine',
    where: /./,
    pattern: /(?<![\w.*-])\/(?:work|root|(?:home|Users)\/(?!ada\/)\w+)\//,
    instead: 'take it from import.meta.url, an argument or tmpdir(); in examples people are called ada',
  },
  {
    what: 'a folder that not every machine has',
    where: scripts,
    pattern: /['"`]\/tmp\b/,
    instead: 'tmpdir() of node:os',
  },
  {
    what: 'the host name of a registry',
    where: /./,
    pattern: /registry\.(?:npmjs|yarnpkg)|npm\.pkg\.|npmmirror|\bartifactory\b/i,
    instead: 'leave it to the configuration of npm',
  },
  {
    what: 'a line of more than 140 columns',
    where: scripts,
    // A text that stands alone on its line stays whole, so that it can be searched for.
    pattern: /^(?!\s*(?:[\w.]+: |\([^()]*\) => |return )*(['"`]).*\1[,;)}]*$).{141,}$/,
    instead: 'break it',
  },
];

/** The files that must name what is banned. */
const exempt = /^test\/house\/words(?:\.test)?\.ts$/;

/** One sentence for each place in the file where a ban is broken. */
export function wordsOf({ path, text }: SourceFile): readonly string[] {
  if (exempt.test(path)) return [];
  const mine = bans.filter(({ where, except }) => where.test(path) && except?.test(path) !== true);
  const complain = (place: string, { what, instead }: Ban) => `${place}: ${what}. Instead: ${instead}.`;
  const named = mine.filter(({ subject, pattern }) => subject === 'path' && pattern.test(path));
  const lines = text
    .split('\n')
    .flatMap((line, index) =>
      mine
        .filter(({ subject, pattern }) => subject === undefined && pattern.test(line))
        .map((ban) => complain(`${path}:${index + 1}`, ban)),
    );
  return [...named.map((ban) => complain(path, ban)), ...lines];
}
