import { randomBytes } from 'node:crypto';

/** The name of a version that is being made: 32 hexadecimal digits. The rules get it as an argument. */
export function newVersion(): string {
  return randomBytes(16).toString('hex');
}
