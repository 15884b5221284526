import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { temporaryFolder } from './folder.ts';
import { run } from './programs.ts';

/** The programs that read and write these volumes, with their Debian packages. */
export const luksPrograms = {
  cryptsetup: 'cryptsetup-bin',
  'qemu-img': 'qemu-utils',
  'mkfs.ext4': 'e2fsprogs',
  debugfs: 'e2fsprogs',
} as const;

const mebibyte = 1024 * 1024;

/** The header and the key slots of a LUKS volume of version 1. */
const headerBytes = 2 * mebibyte;

/** A key slot need not be slow to derive here: the passphrases of the lessons are random. */
const quick = ['--pbkdf-force-iterations', '1000'];

/**
 * An encrypted volume: a LUKS header and an ext4 file system in one file. All is done in user space, without root and without a
 * device: QEMU's tools encrypt and decrypt, and cryptsetup agrees with them on the passphrase.
 */
export class Volume {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes a volume that holds what is in a folder. */
  static create(path: string, { passphrase, from, sizeMiB = 4 }: VolumeContents): Volume {
    writeFileSync(path, '');
    truncateSync(path, headerBytes + sizeMiB * mebibyte);
    const cipher = ['--cipher', 'aes-xts-plain64', '--key-size', '512', '--hash', 'sha256'];
    run(
      'cryptsetup',
      ['luksFormat', '-q', '--type', 'luks1', ...quick, ...cipher, '--key-file', '-', path],
      passphrase,
    );
    using folder = temporaryFolder();
    const clear = join(folder.path, 'clear');
    run('mkfs.ext4', ['-q', '-d', from, clear, `${sizeMiB}M`]);
    const volume = new Volume(path);
    volume.#convert(passphrase, ['-n', '--image-opts', '--target-image-opts', raw(clear), sealed(path)]);
    return volume;
  }

  /** Whether the passphrase opens a key slot. */
  opensWith(passphrase: string): boolean {
    const args = ['open', '--test-passphrase', '--type', 'luks', '--key-file', '-', this.path];
    return spawnSync('cryptsetup', args, { input: passphrase }).status === 0;
  }

  /** Gives the volume another passphrase. The data and their key stay as they are. */
  changePassphrase(from: string, to: string): void {
    using folder = temporaryFolder();
    const added = join(folder.path, 'passphrase');
    writeFileSync(added, to, { mode: 0o600 });
    run('cryptsetup', ['luksAddKey', '-q', ...quick, '--key-file', '-', this.path, added], from);
    run('cryptsetup', ['luksRemoveKey', '-q', '--key-file', '-', this.path], from);
  }

  /** Copies the volume's files into a folder. @throws {Error} when the passphrase is wrong */
  extract(passphrase: string, into: string): void {
    using folder = temporaryFolder();
    const clear = join(folder.path, 'clear');
    this.#convert(passphrase, ['--image-opts', sealed(this.path), '-O', 'raw', clear]);
    mkdirSync(into, { recursive: true });
    run('debugfs', ['-R', `rdump / ${into}`, clear]);
    rmSync(join(into, 'lost+found'), { recursive: true });
  }

  /** QEMU reads the passphrase from a pipe, so that no file and no command line has it. Node's are sockets: `cat` makes one. */
  #convert(passphrase: string, args: readonly string[]): void {
    const secret = ['--object', 'secret,id=passphrase,file=/dev/stdin'];
    run('sh', ['-c', 'cat | "$0" "$@"', 'qemu-img', 'convert', '-q', ...secret, ...args], passphrase);
  }
}

export interface VolumeContents {
  readonly passphrase: string;
  /** The folder whose files the volume gets. */
  readonly from: string;
  readonly sizeMiB?: number;
}

function raw(path: string): string {
  return `driver=raw,file.filename=${path}`;
}

function sealed(path: string): string {
  return `driver=luks,key-secret=passphrase,file.filename=${path}`;
}
