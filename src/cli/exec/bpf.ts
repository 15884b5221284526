/** A processor for which filters are made: its name for the kernel (audit.h), and where it has 32-bit system calls. */
export interface Processor {
  readonly auditArch: number;
  /** The bit of a number that marks a call of the x32 ABI, which has the name of x86_64. */
  readonly x32Bit: number | undefined;
}

/** A question about the lower 32 bits of an argument; of those that are asked about, the kernel itself reads no more. */
export type Condition =
  | { readonly argument: number; readonly hasAnyOf: number }
  | { readonly argument: number; readonly isOneOf: readonly number[] }
  | { readonly argument: number; readonly isNoneOf: readonly number[] };

/** A system call that fails with `errno` when all conditions hold. */
export interface Refusal {
  readonly number: number;
  readonly errno: number;
  readonly conditions: readonly Condition[];
}

/** An instruction; the jumps count the instructions to leave out. */
interface Instruction {
  readonly code: number;
  readonly whenTrue?: number;
  readonly whenFalse?: number;
  readonly value: number;
}

/** The instructions of linux/bpf_common.h that a filter needs. */
const load = 0x20;
const jumpIfEqual = 0x15;
const jumpIfAtLeast = 0x35;
const jumpIfAnyBit = 0x45;
const give = 0x06;

/** The answers of seccomp(2). */
const allow = 0x7f_ff_00_00;
const fail = 0x00_05_00_00;
const killProcess = 0x80_00_00_00;

/** The places in `struct seccomp_data`. */
const numberAt = 0;
const archAt = 4;
const argumentAt = (index: number) => 16 + 8 * index;

const notImplemented = 38;

/**
 * A seccomp filter (seccomp(2)), as the bytes of its `struct sock_filter`s in the order of a little-endian processor. It
 * allows what is not refused. A program of another architecture, whose numbers mean other calls, is ended.
 */
export function assembleFilter(processor: Processor, refusals: readonly Refusal[]): Uint8Array {
  const { auditArch, x32Bit } = processor;
  const instructions = [
    { code: load, value: archAt },
    { code: jumpIfEqual, whenTrue: 1, value: auditArch },
    { code: give, value: killProcess },
    { code: load, value: numberAt },
    ...(x32Bit === undefined
      ? []
      : [
          { code: jumpIfAtLeast, whenFalse: 1, value: x32Bit },
          { code: give, value: fail | notImplemented },
        ]),
    ...refusals.flatMap(refusing),
    { code: give, value: allow },
  ];
  return bytesOf(instructions);
}

/** Goes on behind its end with every other call. */
function refusing({ number, errno, conditions }: Refusal): readonly Instruction[] {
  const asked = conditions.map(asking);
  const refused = { code: give, value: fail | errno };
  const body: Instruction[] = asked.length === 0 ? [refused] : [refused, { code: give, value: allow }];
  // From the last to the first: where a condition does not hold, what comes behind it is left out up to the last answer.
  for (const ask of asked.toReversed()) body.unshift(...ask(body.length - 1));
  return [{ code: jumpIfEqual, whenFalse: body.length, value: number }, ...body];
}

/** The instructions of a condition, given how many to leave out where it does not hold. */
function asking(condition: Condition): (whenNot: number) => readonly Instruction[] {
  const first = { code: load, value: argumentAt(condition.argument) };
  if ('hasAnyOf' in condition) {
    return (whenNot) => [first, { code: jumpIfAnyBit, whenFalse: whenNot, value: condition.hasAnyOf }];
  }
  if ('isNoneOf' in condition) {
    const values = condition.isNoneOf;
    return (whenNot) => [
      first,
      ...values.map((value, index) => equal(value, { whenTrue: whenNot + values.length - 1 - index })),
    ];
  }
  const values = condition.isOneOf;
  const last = values.length - 1;
  return (whenNot) => [
    first,
    ...values.map((value, index) => equal(value, { whenTrue: last - index, whenFalse: index === last ? whenNot : 0 })),
  ];
}

function equal(value: number, jumps: Pick<Instruction, 'whenTrue' | 'whenFalse'>): Instruction {
  return { code: jumpIfEqual, ...jumps, value };
}

const instructionBytes = 8;

function bytesOf(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * instructionBytes);
  const view = new DataView(bytes.buffer);
  for (const [index, { code, whenTrue = 0, whenFalse = 0, value }] of instructions.entries()) {
    const at = index * instructionBytes;
    view.setUint16(at, code, true);
    view.setUint8(at + 2, whenTrue);
    view.setUint8(at + 3, whenFalse);
    view.setUint32(at + 4, value, true);
  }
  return bytes;
}
