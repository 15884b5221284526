import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { names } from '../../src/backup/manifest.ts';
import { BackupRefused } from '../../src/backup/refused.ts';
import type { BackupRefusalKind } from '../../src/backup/refused.ts';
import { dataFolder } from '../world/process.ts';
import {
  archiveOf,
  backupOf,
  check,
  keyText,
  logLine,
  masterKey,
  membersOf,
  otherKey,
  parsed,
  withManifest,
} from './made.ts';

const folder = dataFolder();
after(() => folder[Symbol.dispose]());
let backup: Buffer;
before(async () => {
  backup = await backupOf(folder.path);
});

function refusedAs(kind: BackupRefusalKind, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof BackupRefused, String(error));
    assert.equal(error.kind, kind, error.message);
    assert.match(error.message, message);
    return true;
  };
}

describe('a backup', () => {
  it('is whole, and everything in it opens with the key', async () => {
    const { manifest, log, opened } = await check(backup);
    assert.equal(manifest.records, 43);
    assert.deepEqual(log, { files: 2, records: 3, isTorn: false });
    assert.deepEqual(
      opened && { kinds: Object.fromEntries(opened.kinds), faults: opened.faults.count, by: opened.masterKey.id },
      {
        kinds: {
          'test-fruit/': 20,
          'vault/{incarnation}/test-fruit/': 20,
          'seal/store': 1,
          'seal/control': 1,
          'seal/vault/': 1,
        },
        faults: 0,
        by: masterKey.id,
      },
    );
    assert.equal((await check(backup, { masterKey: undefined })).opened, undefined);
  });

  it('is an archive that tar lists and extracts', () => {
    writeFileSync(join(folder.path, 'a.backup'), backup);
    const listed = spawnSync('tar', ['-tf', 'a.backup'], { cwd: folder.path, encoding: 'utf8' });
    const expected = ['backup.json', 'records/00000001', 'audit/audit.1.jsonl', 'audit/audit.jsonl'];
    assert.deepEqual(listed.stdout.trim().split('\n'), [...expected, 'manifest.json', 'manifest.seal']);
    const got = spawnSync('tar', ['-xOf', 'a.backup', 'audit/audit.jsonl'], { cwd: folder.path, encoding: 'utf8' });
    assert.equal(got.stdout, logLine(3));
  });

  it('has the master key only where it was asked for', async () => {
    using other = dataFolder();
    const withKey = await backupOf(other.path, { header: { hasMasterKey: true }, log: [] });
    assert.equal((await check(withKey)).masterKeyText, keyText);
    assert.ok(!backup.includes(keyText) && !backup.includes(Buffer.alloc(32, 3)));
    assert.ok(!backup.includes('apple') && !backup.includes(Buffer.from('"apple"').toString('base64')));
  });

  it('of many records has several members of them', async () => {
    using other = dataFolder();
    const many = await backupOf(other.path, { fruits: 1500 });
    const members = membersOf(many).filter(({ name }) => name.startsWith(names.records));
    assert.ok(members.length > 1, `${members.length}`);
    assert.equal((await check(many)).manifest.records, 3003);
  });
});

describe('a backup that is not what was written', () => {
  it('is refused where it is cut off, at each block and anywhere', async () => {
    const cut = async (length: number) =>
      assert.rejects(
        check(backup.subarray(0, length)),
        refusedAs('cutOff', new RegExp(`cut off after ${length} bytes`)),
      );
    for (let length = 0; length < backup.length; length += 512) await cut(length);
    await fc.assert(fc.asyncProperty(fc.nat(backup.length - 1), cut), { numRuns: 60 });
  });

  it('is refused with any bytes changed, with the key and without', async () => {
    const flips = fc.array(fc.tuple(fc.nat(backup.length - 1), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(flips, fc.boolean(), async (changes, withKey) => {
        const changed = Buffer.from(backup);
        for (const [at, by] of changes) changed[at] = (changed[at] ?? 0) ^ by;
        if (changed.equals(backup)) return;
        await assert.rejects(
          check(changed, withKey ? {} : { masterKey: undefined }).then((found) => {
            // Without the key the seal of the manifest says nothing.
            if (withKey || !onlySealDiffers(changed)) return;
            throw new BackupRefused('tampered', `${found.manifest.records}`);
          }),
          BackupRefused,
        );
      }),
      { numRuns: 250 },
    );
  });

  it('is refused with a seal that is written in another way', async () => {
    const others = membersOf(backup).map((member) => {
      if (member.name !== names.seal) return member;
      const contents = Buffer.from(member.contents);
      // The last bits of base64 before its padding mean nothing.
      const at = contents.indexOf('=') - 1;
      contents[at] = (contents[at] ?? 0) + 1;
      assert.deepEqual(Buffer.from(contents.toString(), 'base64'), Buffer.from(member.contents.toString(), 'base64'));
      return { ...member, contents };
    });
    await assert.rejects(check(archiveOf(others)), refusedAs('tampered', /was changed after it was made/));
  });

  it('is refused with members left out, twice, in another order, or after its end', async () => {
    const members = membersOf(backup);
    const without = (left: string) => members.filter(({ name }) => name !== left);
    await assert.rejects(
      check(archiveOf(without('records/00000001'))),
      refusedAs('damaged', /0 records, and the manifest names 43/),
    );
    await assert.rejects(
      check(archiveOf(without('audit/audit.1.jsonl'))),
      refusedAs('damaged', /audit\.1\.jsonl is not what was written/),
    );
    await assert.rejects(check(archiveOf(without('manifest.seal'))), refusedAs('damaged', /no member at byte/));
    await assert.rejects(check(archiveOf([...members].toReversed())), refusedAs('notABackup', /does not begin as one/));
    const [first, records, older, newer, ...rest] = members;
    assert.ok(first && records && older && newer);
    await assert.rejects(
      check(archiveOf([first, records, newer, older, ...rest])),
      refusedAs('damaged', /comes after a later file/),
    );
    await assert.rejects(
      check(archiveOf([first, records, older, older, newer, ...rest])),
      refusedAs('damaged', /comes after a later file/),
    );
    await assert.rejects(check(Buffer.concat([backup, Buffer.from('x')])), refusedAs('damaged', /follows its end/));
  });

  it('is refused with a member of more records than one has, before they take memory', async () => {
    const many = membersOf(backup).map((member) =>
      member.name.startsWith('records/') ? { ...member, contents: Buffer.alloc(1 << 19, 'a b \n') } : member,
    );
    await assert.rejects(
      check(archiveOf(many), { masterKey: undefined }),
      refusedAs('damaged', /has more records than/),
    );
  });

  it('is refused with a manifest that was made without the master key', async () => {
    const members = membersOf(backup).map((member) =>
      member.name === 'audit/audit.jsonl' ? { ...member, contents: Buffer.from(logLine(4)) } : member,
    );
    const sha256 = createHash('sha256').update(logLine(4)).digest('hex');
    const changed = archiveOf(members);
    const manifest = (read: Record<string, unknown>) => {
      const parts: unknown = read['parts'];
      assert.ok(Array.isArray(parts));
      return {
        ...read,
        parts: parts.map((part: object) =>
          'name' in part && part.name === 'audit/audit.jsonl' ? { ...part, sha256 } : part,
        ),
      };
    };
    const by = withManifest(changed, manifest, { sealedBy: otherKey });
    await assert.rejects(check(by), refusedAs('tampered', /not made with its master key/));
    assert.equal((await check(withManifest(changed, manifest, { sealedBy: masterKey }))).log.records, 3);
  });

  it('is refused where it is of another server, of another key, or of no server', async () => {
    await assert.rejects(
      check(backup, { masterKey: otherKey }),
      refusedAs('otherKey', new RegExp(`master key ${masterKey.id}, and what was given is ${otherKey.id}`)),
    );
    await assert.rejects(check(Buffer.alloc(4096)), refusedAs('notABackup', /does not begin/));
    await assert.rejects(
      check(archiveOf([{ name: 'etc/passwd', contents: Buffer.from('x') }])),
      refusedAs('notABackup', /does not begin/),
    );
  });

  it('is refused in a newer form, or from a release with newer records', async () => {
    const [first] = membersOf(backup);
    const header = parsed(String(first?.contents));
    const newer = withManifest(backup, (read) => ({ ...read, format: 2 }), {
      sealedBy: masterKey,
      header: { ...header, format: 2 },
    });
    await assert.rejects(check(newer), refusedAs('newerFile', /form 2; this release of Postern reads forms up to 1/));
    using other = dataFolder();
    const later = await backupOf(other.path, { header: { dataFormat: 9, release: '9.0.0' } });
    await assert.rejects(check(later), refusedAs('newerFormat', /by Postern 9\.0\.0 in data format 9.*up to 1/));
    assert.equal((await check(later, { dataFormat: 9 })).manifest.release, '9.0.0');
    const earlier = await check(backup, { dataFormat: 5 });
    assert.equal(earlier.manifest.dataFormat, 1, 'a start upgrades it');
  });

  it('is refused with a log that has something else than records, unless the log is left out', async () => {
    using other = dataFolder();
    const broken = await backupOf(other.path, { log: [['audit.jsonl', `${logLine(1)}{"time":1}\n`]] });
    await assert.rejects(check(broken), refusedAs('brokenLog', /audit\.jsonl: line 2 is not a record/));
    assert.equal((await check(broken, { withoutLog: true })).log.records, 0);
    using torn = dataFolder();
    const tornLog = await backupOf(torn.path, { log: [['audit.jsonl', `${logLine(1)}{"ti`]] });
    assert.deepEqual((await check(tornLog)).log, { files: 1, records: 1, isTorn: true }, 'a full disk leaves it');
    using within = dataFolder();
    const earlier = await backupOf(within.path, {
      log: [
        ['audit.1.jsonl', '{"ti'],
        ['audit.jsonl', logLine(2)],
      ],
    });
    await assert.rejects(check(earlier), refusedAs('brokenLog', /audit\.1\.jsonl: it ends within a line/));
  });

  it('is refused with records that do not open, unless they are accepted', async () => {
    const members = membersOf(backup).map((member) => {
      if (member.name !== 'records/00000001') return member;
      const lines = member.contents.toString('latin1').split('\n');
      const at = lines.findIndex((line) => line.startsWith('test-fruit/7 '));
      const other = lines.find((line) => line.startsWith('test-fruit/8 '))?.split(' ') ?? [];
      lines[at] = ['test-fruit/7', ...other.slice(1)].join(' ');
      return { ...member, contents: Buffer.from(lines.join('\n'), 'latin1') };
    });
    const contents = members.find(({ name }) => name === 'records/00000001')?.contents ?? Buffer.alloc(0);
    const sha256 = createHash('sha256').update(contents).digest('hex');
    const swapped = withManifest(
      archiveOf(members),
      (read) => {
        const parts: unknown = read['parts'];
        assert.ok(Array.isArray(parts));
        return {
          ...read,
          parts: parts.map((part: object) =>
            'name' in part && part.name === 'records/' ? { ...part, sha256, size: contents.length } : part,
          ),
        };
      },
      { sealedBy: masterKey },
    );
    await assert.rejects(
      check(swapped),
      refusedAs('unreadableRecords', /^1 of the 43 records.*the record test-fruit\/7 is not what was written/),
    );
    assert.equal((await check(swapped, { acceptUnreadable: true })).opened?.faults.count, 1);
  });
});

/** Whether all but the seal of the manifest is as it was made. */
function onlySealDiffers(changed: Buffer): boolean {
  const [made, now] = [membersOf(backup), membersOf(changed)];
  return made.every(
    ({ name, contents }, index) => name === names.seal || now[index]?.contents.equals(contents) === true,
  );
}
