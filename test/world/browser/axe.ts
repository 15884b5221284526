import axe from 'axe-core';
import type { AxeResults } from 'axe-core';
import type { Tab } from './tab.ts';

/** WCAG 2.0, 2.1 and 2.2 at A and AA, and what axe calls best practice. */
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];

/** Without asking the server for the style sheets and media of the page again. */
const options = { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'], preload: false };

/**
 * The rules that a page breaks, one line for each element: the rule, the element and why. axe runs in a world of its
 * own beside the page's scripts, where the page's policy does not apply and nothing of it is seen by the page.
 */
export async function axeFaults({ page }: Pick<Tab, 'page'>): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  try {
    const { frameTree } = await session.send('Page.getFrameTree');
    const world = { frameId: frameTree.frame.id, worldName: 'axe' };
    const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', world);
    // The world lives as long as the document: axe is compiled once for all its looks.
    const { result: loaded } = await session.send('Runtime.evaluate', { expression: 'typeof axe', contextId });
    if (loaded.value === 'undefined') {
      await session.send('Runtime.evaluate', { expression: `${axe.source};0`, contextId });
    }
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
      expression: `axe.run(document, ${JSON.stringify(options)}).then(({ violations }) => violations)`,
      contextId,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(`axe: ${exceptionDetails.exception?.description ?? ''}`);
    return (result.value as AxeResults['violations']).flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary = '' }) => `${id}: ${target.join(' ')}: ${oneLine(failureSummary)}`),
    );
  } finally {
    await session.detach();
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
