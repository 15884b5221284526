import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePath, targetFault, targetSegments } from '../../src/http/request.ts';

const fragment = "it must not have a fragment ('#')";
const character = 'it may contain only the characters that RFC 3986 allows; percent-encode all others';
const hidden = 'its path must not contain an encoded slash, backslash or control character';
const dots = "its path must not contain the segments '.' or '..'";
const letters = 'its path must not contain the letters U+0130, U+017F or U+212A, whose other case is an ASCII letter';

test('a target that two parsers could read differently breaks a rule, and its near misses break none', () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['/', undefined],
    ['/a/b?c=d', undefined],
    ['/a#b', fragment],
    ['/a?b=c#d', fragment],
    ['/#', fragment],
    ['/a%23b', undefined],
    ['/a?b=%23', undefined],
    ['/a\\b', character],
    ['/a b', character],
    ['/a\tb', character],
    ['/a\u00e9', character],
    ['/a?b=\u00e9', character],
    ['/a?b=c d', character],
    ['/a|b', character],
    ['/a?b=|"<>[]{}^`\\', undefined],
    ['/a%C3%A9', undefined],
    ['/a%2Fb', hidden],
    ['/a%2fb', hidden],
    ['/a%5cb', hidden],
    ['/a%00', hidden],
    ['/a%1F', hidden],
    ['/a%7f', hidden],
    ['/a%20b', undefined],
    ['/a%252Fb', undefined],
    ['/a?b=%2F%5c%00', undefined],
    ['/a/../b', dots],
    ['/a/.', dots],
    ['/a/%2e%2E/b', dots],
    ['/a/.%2e', dots],
    ['/.a/..b/c..', undefined],
    ['/a/.../b', undefined],
    ['/a?b=/../c', undefined],
    ['/%C4%B0', letters],
    ['/%c5%bf', letters],
    ['/%E2%84%AA', letters],
    ['/%C4%B1', undefined],
    ['/a?b=%E2%84%AA', undefined],
    ['/a;b=c/d', undefined],
    ['/a?b?c', undefined],
    ['//a//b/', undefined],
    ["/applications(appId='a')/$ref", undefined],
  ];
  for (const [target, rule] of rows) assert.equal(targetFault(target), rule, JSON.stringify(target));
});

test('segments are decoded once, and encoded again to the same', () => {
  const rows: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['/', []],
    ['/a/b?c/d', ['a', 'b']],
    ['//a///b//', ['a', 'b']],
    ['/%61%2541/%C3%A9%3F%23', ['a%41', '\u00e9?#']],
    ['/a/%zz', undefined],
    ['/a/%ff', undefined],
    ['/a/%c0%af', undefined],
  ];
  for (const [target, segments] of rows) {
    assert.deepEqual(targetSegments(target), segments, target);
    if (segments !== undefined) assert.deepEqual(targetSegments(encodePath(`/${segments.join('/')}`)), segments);
  }
});
