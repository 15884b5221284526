import { readArguments } from '../src/cli/arguments.ts';
import { allCommands, commandIn, commands, namesInGroup, unknownCommand } from '../src/cli/commands.ts';
import { WrongUsage } from '../src/cli/failed.ts';
import { failureWords } from '../src/cli/failure-words.ts';
import { commandHelp, groupHelp, usage } from '../src/cli/help.ts';
import { helpText } from '../src/settings/options.ts';
import { readSettings } from '../src/settings/settings.ts';

const form = { asJson: false, isDebugged: false, stream: process.stderr };

/** Each refusal of the frame, and each that a command makes of its own options before it does anything. */
const wrong = [
  'frobnicate',
  'strat --port 0',
  'secert list',
  'secret',
  'secret shwo',
  'net dwn --detach',
  '--data x token',
  'token now',
  'token --frob',
  'token --resorce x',
  'token --resource',
  'token --resource --json',
  'token --json=yes',
  'token --resource a --resource b',
  'token -- x',
  'secret show --vault demo',
  'what-if --vault demo --default-action Dney',
  'run node app.js',
  'run --as x',
  'exec --subnt a/b -- true',
  'exec -- true',
  'exec --internet -- true',
  'exec --internet --subnet a/b -- true',
  'exec --internet --address 203.0.113.9 --as x -- true',
  'exec --declared -- true',
  'env --shell --dotenv',
  'secret set --vault demo --name x --value y --file z',
  'vault update --vault demo',
  'network-rule add --vault demo',
  'network-rule remove --vault demo',
  'logs --follow',
  'log --verdict maybe',
  'master-key rotate',
  'master-key rotate --old-key-file x --discard-old-key',
  'store copy --from a',
  'store copy --from a --to b',
  'store copy --from postgres://a/b --to postgres://c/d',
  'store copy --from a --to postgres://u:p@c/d',
  'audit query --since yesterday',
  'audit query --address nowhere',
  'audit tail --verdict maybe',
  'gateway config --subnet a/b --out /nowhere/x --port 0',
  'gateway config --subnet a/b --out /nowhere/x --connect nowhere',
  'gateway config --subnet a/b --out /nowhere/x --folder relative',
];

const wrongStarts = [
  '--prot 1',
  '--port',
  '--port x',
  '--port 1 --port 2',
  '--json=yes',
  'here',
  '--listen nowhere',
  '--listen ::1 --listen 0:0:0:0:0:0:0:1',
  '--memory --data x',
  '--memory --store postgres://a@b/c',
  '--store postgres://b/c?password=x',
  '--node a',
  '--nat none --nat ::1=203.0.113.1',
  '--nat x',
  '--rules new',
  '--domain -x-',
  '--prune',
  '--health nowhere',
  '--public-port 0',
  '--log-level loud',
];

/** The lines for wrong words, as `src/cli/main.ts` comes to them. */
async function refusalOf(words: readonly string[]): Promise<string> {
  try {
    const name = commandIn(words);
    const command = name === undefined ? undefined : await commands.get(name)?.();
    if (command === undefined) throw unknownCommand(words);
    const { options, given } = readArguments(command, words.slice(command.name.split(' ').length), undefined);
    await command.run(options, given);
  } catch (error) {
    if (error instanceof WrongUsage) return failureWords(error, form).words;
    throw error;
  }
  throw new Error(`not refused as wrong usage: ${words.join(' ')}`);
}

function startRefusal(words: readonly string[]): string {
  const read = readSettings({ argv: words, environment: {}, readFile: () => '{}', folder: '/' });
  if (read.ok || !read.isUsage) throw new Error(`not refused as wrong usage: ${words.join(' ')}`);
  return `postern: ${read.message}\n`;
}

/** Each help of the program, for `test/cli/help.txt`: a person reads there how a change reads. */
export async function helpPage(): Promise<string> {
  const all = await allCommands();
  const firsts = [...new Set([...commands.keys()].map((name) => name.split(' ')[0] ?? ''))];
  const groups = firsts.filter((word) => namesInGroup(word).length > 0 && !commands.has(word));
  const parts = [
    ['postern --help', await usage()],
    ['postern start --help', helpText],
    ...(await Promise.all(groups.map(async (group) => [`postern ${group} --help`, await groupHelp(group)]))),
    ...all.map((command) => [`postern ${command.name} --help`, commandHelp(command)]),
  ];
  return parts.map(([asked, said]) => `$ ${asked}\n${said}`).join('\n');
}

/** Each refusal of words that cannot be meant so, for `test/cli/wrong-usage.txt`. */
export async function wrongUsagePage(): Promise<string> {
  const said = wrong.map(async (words) => `$ postern ${words}\n${await refusalOf(words.split(' '))}`);
  const ofStart = wrongStarts.map((words) => `$ postern start ${words}\n${startRefusal(words.split(' '))}`);
  return [...(await Promise.all(said)), ...ofStart].join('\n');
}
