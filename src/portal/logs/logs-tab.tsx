import { useState } from 'preact/hooks';
import type { ActivityAnswer } from '../../types/activity.ts';
import { activityQuery } from '../activity/feed.ts';
import { everyPage } from '../every-page.ts';
import { useLoaded, usePortal } from '../portal.ts';
import { useAction } from '../ui/action.ts';
import { Confirm, textIn } from '../ui/confirm.tsx';
import { Failed } from '../ui/message.tsx';
import { Card, Empty, Field, Loading } from '../ui/parts.tsx';
import type { Vault } from '../vaults/vault.ts';
import type { VaultTabProps } from '../vaults/vault-page.tsx';
import { contentsOf, createLine, insightsApiVersion, jsonLines, newSetting, sinksOf } from './setting.ts';
import type { DiagnosticSetting } from './setting.ts';

/** Where the vault's records go, and the last of them to take along. */
export function LogsTab({ vault }: VaultTabProps) {
  const { services } = usePortal();
  const path = `${vault.id}/providers/Microsoft.Insights/diagnosticSettings`;
  const { loaded, reload } = useLoaded(
    (signal) => everyPage<DiagnosticSetting>(services, `${path}?${insightsApiVersion}`, signal),
    path,
  );
  const [doing, setDoing] = useState<'add' | DiagnosticSetting>();
  const close = () => {
    setDoing(undefined);
  };
  return (
    <div class="stack">
      <div class="toolbar">
        <h2 class="grow">Diagnostic settings</h2>
        <button
          type="button"
          class="button"
          onClick={() => {
            setDoing('add');
          }}
        >
          + Add diagnostic setting
        </button>
      </div>
      {loaded.state === 'loading' && <Loading what="the diagnostic settings" rows={2} />}
      {loaded.state === 'failed' && (
        <Failed what="The diagnostic settings could not be loaded." error={loaded.error} again={reload} />
      )}
      {loaded.state === 'ready' && <SettingList settings={loaded.value} vault={vault} onRemove={setDoing} />}
      <Download vault={vault} />
      {doing === 'add' && <NewSetting vault={vault} path={path} onDone={reload} onClose={close} />}
      {doing !== undefined && doing !== 'add' && (
        <Confirm
          title={`Delete the diagnostic setting ${doing.name}?`}
          verb="Delete"
          risky
          failed="The diagnostic setting could not be deleted."
          onClose={close}
          work={async () => {
            await services.arm(`${doing.id}?${insightsApiVersion}`, { method: 'DELETE' });
            reload();
          }}
        >
          <p>Records are no longer sent to the {sinksOf(doing)}. What was sent stays there.</p>
        </Confirm>
      )}
    </div>
  );
}

function SettingList({
  settings,
  vault,
  onRemove,
}: {
  readonly settings: readonly DiagnosticSetting[];
  readonly vault: Vault;
  readonly onRemove: (setting: DiagnosticSetting) => void;
}) {
  if (settings.length === 0) {
    return (
      <Empty title="The records of this vault are in the server's own audit log only.">
        <p>A diagnostic setting sends a copy to a storage account or a collector:</p>
        <p>
          <code>{createLine(vault.id)}</code>
        </p>
      </Empty>
    );
  }
  return (
    <ul class="list">
      {settings.map((setting) => (
        <li key={setting.id} class="toolbar">
          <div class="grow">
            <h3>{setting.name}</h3>
            <p class="detail">
              {contentsOf(setting)} to the {sinksOf(setting)}
            </p>
          </div>
          <button
            type="button"
            class="quiet"
            aria-label={`Delete ${setting.name}`}
            onClick={() => {
              onRemove(setting);
            }}
          >
            Delete
          </button>
        </li>
      ))}
    </ul>
  );
}

interface Account {
  readonly id: string;
  readonly name: string;
}

function NewSetting({
  vault,
  path,
  onDone,
  onClose,
}: {
  readonly vault: Vault;
  readonly path: string;
  readonly onDone: () => void;
  readonly onClose: () => void;
}) {
  const { services } = usePortal();
  return (
    <Confirm
      title="Add a diagnostic setting"
      verb="Add"
      failed="The diagnostic setting could not be made."
      onClose={onClose}
      work={async (fields) => {
        if (textIn(fields, 'account') === '' && textIn(fields, 'collector') === '')
          throw new Error('It has no destination: choose a storage account, or name a collector.');
        const [group] = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+/i.exec(vault.id) ?? [''];
        const properties = newSetting(
          {
            storageAccountId: textIn(fields, 'account'),
            collector: textIn(fields, 'collector'),
            group: textIn(fields, 'group'),
          },
          group,
        );
        const name = encodeURIComponent(textIn(fields, 'name'));
        await services.arm(`${path}/${name}?${insightsApiVersion}`, { method: 'PUT', body: { properties } });
        onDone();
      }}
    >
      <SettingFields />
    </Confirm>
  );
}

function SettingFields() {
  const { services, settings } = usePortal();
  const list = `/subscriptions/${settings.subscriptionId}/providers/Microsoft.Storage/storageAccounts?api-version=2024-01-01`;
  const { loaded } = useLoaded((signal) => everyPage<Account>(services, list, signal), list);
  const accounts = loaded.state === 'ready' ? loaded.value : [];
  return (
    <>
      <Field label="Name">
        <input name="name" required spellcheck={false} autocomplete="off" />
      </Field>
      <Field label="Logs">
        <select name="group">
          <option value="audit">audit: who did what</option>
          <option value="allLogs">allLogs: everything</option>
        </select>
      </Field>
      <Field
        label="Storage account"
        hint={
          loaded.state === 'ready' && accounts.length === 0 ? (
            <>
              There is none yet. <code>az storage account create --name NAME --resource-group GROUP</code> makes one.
            </>
          ) : (
            "Its records are in the folder storage/NAME of the server's data folder, unless audit.storageAccounts in the server's configuration says where the account is"
          )
        }
      >
        <select name="account">
          <option value="">none</option>
          {accounts.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </Field>
      <Field
        label="Collector"
        hint="The name of a collector in the server's configuration (audit.otlp); may stay empty"
      >
        <input name="collector" spellcheck={false} autocomplete="off" />
      </Field>
    </>
  );
}

const entriesAsked = 1000;

/** The last records as a file. */
function Download({ vault }: { readonly vault: Vault }) {
  const { services } = usePortal();
  const { busy, error, run } = useAction();
  const path = `${vault.id}/providers/Postern.Insight/activity?${activityQuery({}, undefined, entriesAsked)}`;
  return (
    <Card title="The last requests">
      <p class="detail">
        What Activity shows, up to {entriesAsked} records, as JSON lines. The whole log:{' '}
        <code>postern audit query</code>.
      </p>
      <p>
        <button
          type="button"
          class="button"
          disabled={busy}
          onClick={() => {
            run(async () => {
              const { value } = await services.arm<ActivityAnswer>(path);
              save(`${vault.name}-activity.jsonl`, jsonLines(value.value));
            });
          }}
        >
          Download
        </button>
      </p>
      {error !== undefined && <Failed what="The activity could not be loaded." error={error} />}
    </Card>
  );
}

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/x-ndjson' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
