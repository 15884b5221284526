import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CommandFailed, WrongUsage } from '../../src/cli/failed.ts';
import { failureWords } from '../../src/cli/failure-words.ts';
import { outputOf } from '../../src/cli/output-words.ts';

const form = { asJson: false, isDebugged: false, stream: process.stderr };
const asJson = { ...form, asJson: true };

describe('a failure', () => {
  it('is two lines for people, and the exit status says whether the words were wrong', () => {
    assert.deepEqual(failureWords(new CommandFailed('No.', 'Try.'), form), {
      words: 'error: No.\nhint: Try.\n',
      exitStatus: 1,
    });
    assert.deepEqual(failureWords(new WrongUsage('No.'), form), { words: 'error: No.\n', exitStatus: 2 });
  });

  it('is one line of JSON for programs, always with the three members', () => {
    const words = (error: unknown) => JSON.parse(failureWords(error, asJson).words) as unknown;
    assert.deepEqual(words(new CommandFailed('No.\nNever.', 'Try.', 'Code')), {
      error: { code: 'Code', message: 'No.\nNever.', hint: 'Try.' },
    });
    assert.deepEqual(words(new WrongUsage('No.')), { error: { code: 'Usage', message: 'No.', hint: null } });
    assert.equal(failureWords(new CommandFailed('No.\nNever.'), asJson).words.split('\n').length, 2);
  });

  it('that nobody expected is one line with its code, and its place only for POSTERN_DEBUG', () => {
    const error = Object.assign(new Error('it broke\nbadly'), { code: 'EBROKEN' });
    const { words, exitStatus } = failureWords(error, form);
    assert.match(words, /^error: Postern failed unexpectedly: it broke \(EBROKEN\)\nhint: Please report it, .*\n$/);
    assert.equal(exitStatus, 1);
    assert.match(failureWords(error, { ...form, isDebugged: true }).words, /^Error: it broke\n.*\n {4}at /s);
    assert.match(failureWords('a string', asJson).words, /"code":"Unexpected"/);
  });

  it('cannot move the cursor of a terminal', () => {
    const { words } = failureWords(new CommandFailed('a\u001B[2Jb\rc\u202Ed\ne', '\u009B'), form);
    assert.equal(words, 'error: a?[2Jb?c?d\ne\nhint: ?\n');
    const error = new CommandFailed('a\u009B2J\u202Eb');
    assert.match(failureWords(error, { ...form, isDebugged: true }).words, /^CommandFailed: a\?2J\?b\n {4}at /);
    assert.equal(
      failureWords(error, asJson).words,
      '{"error":{"code":"Failed","message":"a\\u009b2J\\u202eb","hint":null}}\n',
    );
  });
});

describe('an answer', () => {
  const answer = { json: { name: 'a\u202E\u{E0041}b' }, text: 'a', exitStatus: 1 };

  it('is its words, or its JSON without a character that a terminal may obey', () => {
    assert.deepEqual(outputOf(answer, form), { output: 'a', exitStatus: 1 });
    const { output } = outputOf(answer, asJson);
    assert.equal(output, '{\n  "name": "a\\u202e\\udb40\\udc41b"\n}');
    assert.deepEqual(JSON.parse(output), answer.json);
  });

  it('that a command has written itself reaches a terminal or a program in the same way, and a file as it is', () => {
    const terminal = Object.assign(Object.create(process.stdout) as NodeJS.WriteStream, { isTTY: true });
    const file = Object.assign(Object.create(process.stdout) as NodeJS.WriteStream, { isTTY: false });
    const words = 'a\u001B[2J\nb\u009B\u202E';
    for (const outcome of [words, { output: words, exitStatus: 0 }]) {
      assert.equal(outputOf(outcome, { asJson: false, stream: terminal }).output, 'a?[2J\nb??');
      assert.equal(outputOf(outcome, { asJson: false, stream: file }).output, words);
    }
    const json = { output: '{"a":"\u009B\u202E"}', exitStatus: 1 };
    for (const stream of [terminal, file])
      assert.deepEqual(outputOf(json, { asJson: true, stream }), { output: '{"a":"\\u009b\\u202e"}', exitStatus: 1 });
  });
});
