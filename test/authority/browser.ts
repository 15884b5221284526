import assert from 'node:assert/strict';

export interface Sent {
  readonly method: 'GET' | 'POST';
  /** Absolute. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface Loaded {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

export interface Page extends Loaded {
  /** The address that it was loaded from. */
  readonly url: string;
}

/** The part of a browser that a sign-in needs: it keeps cookies, and fills in the only form of a page. */
export class Browser {
  readonly #load: (sent: Sent) => Promise<Loaded>;
  readonly cookies = new Map<string, string>();

  constructor(load: (sent: Sent) => Promise<Loaded>) {
    this.#load = load;
  }

  /** `headers` are those that the browser adds. */
  async open(url: string, headers: Record<string, string> = {}): Promise<Page> {
    return this.#send({ method: 'GET', url, headers, body: undefined });
  }

  /** Sends the form of a page, with these fields filled in. `headers` are those that the browser adds. */
  async submit(
    page: Page,
    fields: Readonly<Record<string, string>>,
    headers: Record<string, string> = {},
  ): Promise<Page> {
    const action = /<form method="post" action="([^"]*)"/.exec(page.text)?.[1];
    assert.ok(action !== undefined, page.text);
    return this.#send({
      method: 'POST',
      url: new URL(unescape(action), page.url).href,
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', ...headers },
      body: new URLSearchParams({ ...hiddenOf(page), ...fields }).toString(),
    });
  }

  async #send(sent: Sent): Promise<Page> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...sent.headers, ...(cookie !== '' && { cookie }) };
    const loaded = await this.#load({ ...sent, headers });
    for (const line of [loaded.headers['set-cookie'] ?? []].flat()) this.#keep(line);
    return { ...loaded, url: sent.url };
  }

  #keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (line.includes('Max-Age=0')) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

/** The hidden fields of a page's form. */
export function hiddenOf({ text }: Pick<Page, 'text'>): Record<string, string> {
  const fields = text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g);
  return Object.fromEntries([...fields].map(([, name = '', value = '']) => [unescape(name), unescape(value)]));
}

/** The error on a page. */
export function errorOf({ text }: Pick<Page, 'text'>): string {
  return unescape(/<p(?: id="error" class="error" role="alert")?>(AADSTS[^<]*)<\/p>/.exec(text)?.[1] ?? '');
}

/** The address that a page redirects to. */
export function redirectOf({ status, headers, text }: Page): URL {
  assert.equal(status, 302, text);
  return new URL(String(headers['location']));
}

function unescape(html: string): string {
  return html.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}
