/** The pictures of README.md and ARCHITECTURE.md: `npm run check -- --write` draws them into `docs/pictures/`. */
import { rooms } from './rooms.ts';

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Box extends Point {
  readonly width: number;
  readonly height: number;
  readonly fill: string;
  readonly stroke?: string;
  /** Bold, in the first line. */
  readonly title?: string;
  readonly lines?: readonly string[];
}

interface Picture {
  readonly width: number;
  readonly height: number;
  /** A description for readers who cannot see the picture. */
  readonly description: string;
  readonly content: readonly string[];
}

/** Fixed colors on a light ground, so that a page in a dark theme shows the same picture. */
const colors = {
  ground: '#ffffff',
  ink: '#1f2328',
  faint: '#59636e',
  line: '#8c959f',
  blue: '#ddf4ff',
  green: '#dafbe1',
  grey: '#f6f8fa',
  yellow: '#fff8c5',
  violet: '#fbefff',
  allowed: '#1a7f37',
  denied: '#cf222e',
} as const;

/** Where the firewall and the vault begin, from the left. */
const wall = 476;
const door = 560;

/** Each picture by its file name. */
export const pictures: ReadonlyMap<string, string> = new Map([
  ['two-networks.svg', drawn(twoNetworks())],
  ['rooms.svg', drawn(roomsByLevel())],
]);

/** Two virtual networks with the same addresses, the internet, and one vault that tells them apart. */
function twoNetworks(): Picture {
  return {
    width: 860,
    height: 448,
    description:
      'Two virtual networks have the same addresses. An application at 10.0.0.4 of the network demo-blue reads a secret of the ' +
      'vault; one at 10.0.0.4 of demo-green gets a 403, and so does a public address that no rule names. A public address that ' +
      'a rule names, and a trusted service with a token and a permission, get through.',
    content: [
      ...clients(),
      `<rect x="${wall}" y="20" width="14" height="408" rx="3" fill="${colors.ink}"/>`,
      words({ x: wall - 10, y: 34 }, 'firewall', { anchor: 'end', bold: true }),
      ...vault(),
      way({ x: 252, y: 91 }, 'allowed'),
      way({ x: 252, y: 211 }, 'denied'),
      way({ x: 252, y: 302 }, 'allowed'),
      way({ x: 252, y: 342 }, 'denied'),
      way({ x: 270, y: 406 }, 'allowed'),
    ],
  };
}

function clients(): readonly string[] {
  const place = { x: 20, width: 250, height: 104 };
  const client = { x: 38, width: 214, height: 46, fill: colors.ground };
  const application = { title: 'app at 10.0.0.4', lines: ['subnet workloads, 10.0.0.0/24'] };
  return [
    box({ ...place, y: 20, fill: colors.blue, title: 'network demo-blue', lines: ['10.0.0.0/16'] }),
    box({ ...client, y: 68, ...application }),
    box({ ...place, y: 140, fill: colors.green, title: 'network demo-green', lines: ['10.0.0.0/16'] }),
    box({ ...client, y: 188, ...application }),
    box({ ...place, y: 260, height: 108, fill: colors.grey, title: 'internet' }),
    box({ ...client, y: 286, height: 32, title: 'host at 203.0.113.7' }),
    box({ ...client, y: 326, height: 32, title: 'host at 203.0.113.8' }),
    box({ ...place, y: 384, height: 44, fill: colors.violet, title: 'trusted service', lines: ['with a token'] }),
  ];
}

function vault(): readonly string[] {
  const rules = [
    'defaultAction: Deny',
    'rule: subnet demo-blue/workloads',
    'rule: address 203.0.113.7',
    'bypass: AzureServices',
  ];
  const order = ['1. a valid token: who is asking', '2. the firewall: from where', '3. a permission: may they do it'];
  const reason = [
    'Client address is not authorized',
    'and caller is not a trusted service.',
    'Client address: 203.0.113.8',
    'Caller: appid=50a229a9-…;oid=…',
    'Vault: demo;location=westeurope',
  ];
  const part = { x: door + 16, width: 248, fill: colors.ground };
  return [
    box({ x: door, y: 20, width: 280, height: 408, fill: colors.yellow, title: 'vault demo', lines: rules }),
    box({ ...part, y: 156, height: 92, title: 'every request, in this order', lines: order }),
    box({ ...part, y: 280, height: 132, title: 'a 403 says why', lines: reason }),
  ];
}

/** The rooms in levels: a room imports only from levels below it (the table in tools/rooms.ts says which). */
function roomsByLevel(): Picture {
  const levels = [...levelsOfRooms()].toReversed();
  const step = 54;
  const room = { width: 122, height: 36 };
  const rows = levels.flatMap((names, row) => {
    const left = (920 - names.length * (room.width + 12)) / 2;
    return names.map((name, column) =>
      box({
        x: left + column * (room.width + 12),
        y: 48 + row * step,
        ...room,
        fill: { pure: colors.green, browser: colors.green, 'node only': colors.blue, packages: colors.violet }[
          rooms[name]?.platform ?? 'pure'
        ],
        title: `${name}/`,
      }),
    );
  });
  const height = 48 + levels.length * step;
  return {
    width: 920,
    height,
    description: 'The rooms of src/ in levels. A room imports rooms of lower levels only.',
    content: [
      ...legend('pure: runs in a browser too', { x: 20, fill: colors.green }),
      ...legend("also uses Node's modules", { x: 250, fill: colors.blue }),
      ...legend('also uses packages', { x: 460, fill: colors.violet }),
      words({ x: 900, y: 29 }, 'a room imports only from levels below', { anchor: 'end', color: colors.faint }),
      ...rows,
    ],
  };
}

/** Rooms that import none, then rooms that import only those, and so on. */
function levelsOfRooms(): readonly (readonly string[])[] {
  const levelOf = new Map<string, number>();
  const find = (name: string): number => {
    const known = levelOf.get(name);
    if (known !== undefined) return known;
    const imported = (rooms[name]?.imports ?? []).map((path) => path.split('/')[0] ?? path);
    const level = Math.max(-1, ...imported.map(find)) + 1;
    levelOf.set(name, level);
    return level;
  };
  const levels: string[][] = [];
  for (const name of Object.keys(rooms)) (levels[find(name)] ??= []).push(name);
  return levels;
}

function drawn({ width, height, description, content }: Picture): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"`,
    ` font-family="ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="13">\n`,
    `  <title>${escaped(description)}</title>\n`,
    `  <rect width="${width}" height="${height}" rx="8" fill="${colors.ground}"/>\n`,
    ...content.map((element) => `  ${element}\n`),
    '</svg>\n',
  ].join('');
}

function box({ x, y, width, height, fill, stroke = colors.line, title, lines = [] }: Box): string {
  const shape = `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="${fill}" stroke="${stroke}"/>`;
  const alone = lines.length === 0 && height <= 40;
  const heading =
    title === undefined
      ? ''
      : alone
        ? words({ x: x + width / 2, y: y + height / 2 + 4 }, title, { anchor: 'middle', bold: true })
        : words({ x: x + 12, y: y + 19 }, title, { bold: true });
  const rest = lines.map((line, n) => words({ x: x + 12, y: y + 37 + n * 18 }, line, { color: colors.faint }));
  return [shape, heading, ...rest].join('');
}

/** A request's way to the vault's left side, or to the wall that stops it, with the status of the answer. */
function way(from: Point, verdict: 'allowed' | 'denied'): string {
  const color = colors[verdict];
  const end = verdict === 'allowed' ? door : wall;
  const line = `<path d="M${from.x} ${from.y}H${end - 8}" stroke="${color}" stroke-width="2"/>`;
  const head = `<path d="M${end - 9} ${from.y - 5}L${end - 1} ${from.y}L${end - 9} ${from.y + 5}Z" fill="${color}"/>`;
  const status = verdict === 'allowed' ? '200' : '403';
  return [line, head, words({ x: wall - 60, y: from.y - 6 }, status, { bold: true, color })].join('');
}

function legend(meaning: string, { x, fill }: { x: number; fill: string }): readonly string[] {
  return [
    `<rect x="${x}" y="16" width="18" height="18" rx="4" fill="${fill}" stroke="${colors.line}"/>`,
    words({ x: x + 26, y: 29 }, meaning, { color: colors.faint }),
  ];
}

function words(
  { x, y }: Point,
  text: string,
  { anchor = 'start', bold = false, color = colors.ink }: { anchor?: string; bold?: boolean; color?: string },
): string {
  const weight = bold ? ' font-weight="600"' : '';
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${color}"${weight}>${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
