import { render } from 'preact';
import { followLinks } from './navigation.ts';
import { PortalContext } from './portal.ts';
import { servicesOf } from './request.ts';
import { SignInFailed, openSession } from './session.ts';
import { loadSettings } from './settings.ts';
import { Frame, Shell } from './shell.tsx';
import { Failed } from './ui/message.tsx';

const root = document.querySelector('#portal');

/**
 * A browser keeps a page that was left, with its tokens, and shows it again on "Back": after a sign-out too. What is left shows
 * nothing any more, and begins again (HTML Standard, "back/forward cache": `persisted`).
 */
function leaveNothing(): void {
  window.addEventListener('pagehide', ({ persisted }) => {
    if (persisted && root !== null) render(null, root);
  });
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted) window.location.reload();
  });
}

async function start(): Promise<void> {
  if (root === null) return;
  try {
    const settings = await loadSettings(window.location.origin);
    const session = await openSession(settings);
    const portal = { settings, services: servicesOf(session, settings), user: session.user };
    followLinks(document);
    render(
      <PortalContext.Provider value={portal}>
        <Shell session={session} />
      </PortalContext.Provider>,
      root,
    );
  } catch (error) {
    const what = error instanceof SignInFailed ? 'You are not signed in.' : 'The portal could not start.';
    render(
      <Frame>
        <Failed
          what={what}
          error={error}
          again={() => {
            window.location.assign('/portal/');
          }}
        />
      </Frame>,
      root,
    );
  }
}

leaveNothing();
await start();
