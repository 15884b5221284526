import type { SourceFile } from './tree.ts';

interface Ban {
  readonly what: string;
  /** The paths that it applies to. */
  readonly where: RegExp;
  readonly except?: RegExp;
  readonly pattern: RegExp;
  /** Set if the pattern is for the path, rather than for each line. */
  readonly subject?: 'path';
  readonly instead: string;
}

const scripts = /\.(?:tsx?|mjs)$/;
/** What people read: code, and the documents. */
const prose = /\.(?:tsx?|mjs|md)$/;
const source = /^src\/.*\.tsx?$/;
const processes = /^src\/(?:main\.ts|cli\/|supervisor\/)/;
/** What a line of a comment begins with. */
const comment = String.raw`^\s*(?:\/\*\*?|\/\/|\*) .*`;

/** The rules that the linter does not have. Each ban says what to do instead. */
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
    // Azure Data Factory is the name of the service that the lesson plays.
    except: /^examples\/trusted-services\/data-factory\.ts$/,
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
    what: 'code that is not formatted',
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
    what: 'a refusal that an edge returns',
    where: /^src\/(?:data-plane|control-plane|graph|authority)\//,
    pattern: /\bok: false[,;] (?:readonly )?refusal\b/,
    instead: 'throw it (`Refused`); the rooms below the edges return theirs',
  },
  {
    what: 'TLS that trusts any server',
    where: /./,
    pattern: /rejectUnauthorized:\s*false|NODE_TLS_REJECT_UNAUTHORIZED|--insecure\b|\bcurl\b.* -\w*k\w*\s/,
    instead: 'give the client the CA (`caFile`)',
  },
  {
    what: 'a path of one machine',
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
    what: 'an old word for again',
    where: prose,
    pattern: /\banew\b/i,
    instead: 'write "again"',
  },
  {
    what: 'a negation by "none"',
    where: prose,
    pattern: /(?<!\b[Tt]here )\b(?:is|are) none\b/,
    instead: 'say what does not exist, or what it is not: "does not exist", "is not a name"',
  },
  {
    what: 'a negation by "no"',
    where: prose,
    pattern: /(?<!\b[Tt]here )\bis no (?!(?:longer|more|less|later|earlier|one)\b)[a-z]/,
    instead: 'write "is not a …"',
  },
  {
    what: 'a comment that speaks of who or what',
    where: scripts,
    pattern: /^\s*(?:\/\*\*?|\/\/) (?:Who|What|Whose|Whom)(?:ever)?\b/,
    instead: 'begin with the thing or the verb: "The caller …", "Reads …"',
  },
  {
    what: 'a comment in which things stand',
    where: scripts,
    pattern: new RegExp(String.raw`${comment}\b(?:stands?|stood)\b(?! for\b)`),
    instead: 'write "is", "exists" or "appears"',
  },
  {
    what: 'a comment that calls a string a text',
    where: scripts,
    pattern: new RegExp(String.raw`${comment}(?<!\bplain |[\x60-])\btexts?\b`),
    instead: 'write "string", or what it is: the message, the source, the contents',
  },
  {
    what: 'a comment about somebody',
    where: scripts,
    pattern: new RegExp(String.raw`${comment}\b(?:some|any|no|every)body\b`, 'i'),
    instead: 'write who it is: a caller, another user, no process, every client',
  },
  {
    what: 'an interface called world',
    where: source,
    pattern: /\b(?:interface|type|class)\s+\w*World\b/,
    instead: 'call what is given to a function its services',
  },
  {
    what: 'a line of more than 140 columns',
    where: scripts,
    // A string alone on its line is not broken, so that it can be searched for.
    pattern: /^(?!\s*(?:[\w.]+: |\([^()]*\) => |return |[?:] |\w+=\{)*(['"`]).*\1[,;)}]*$).{141,}$/,
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
