import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const postern = join(import.meta.dirname, '../../bin/postern');

/** The end of a command, and its output; if it failed, with its errors. */
export interface Said {
  readonly status: number;
  readonly text: string;
}

/** Runs a command about the server with this data folder. */
export async function said(folder: string, ...words: readonly string[]): Promise<Said> {
  try {
    const { stdout } = await promisify(execFile)(postern, [...words, '--data', folder]);
    return { status: 0, text: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, text: `${stdout}${stderr}` };
  }
}
