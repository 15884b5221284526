import { Outbox } from '../audit/outbox.ts';
import { endSession } from '../authority/ended-sessions.ts';
import { Fleeting } from '../authority/fleeting.ts';
import { OpaqueTokens } from '../authority/opaque-tokens.ts';
import { SigningKeys } from '../authority/signing-keys.ts';
import { longRunningKey } from '../control-plane/keys.ts';
import { objectKey } from '../directory/keys.ts';
import { backupCertificate } from '../objects/backup.ts';
import { testIssuer } from '../objects/certificates/test-issuer.ts';
import { objectKeys } from '../objects/object.ts';
import { vaultKey } from '../resources/keys.ts';
import { clearPurged } from '../resources/vaults/purge.ts';
import { dueKey } from '../schedule/due.ts';
import { Leases } from '../schedule/leases.ts';
import { openCertificates } from '../setup/certificates.ts';
import { registerClients } from '../setup/clients.ts';
import { createDemo } from '../setup/demo.ts';
import { openDeveloper } from '../setup/developer.ts';
import { openGatewayAuthorities } from '../setup/gateway-authorities.ts';
import { openIdentity } from '../setup/identity.ts';
import { openPortalUser } from '../setup/portal-user.ts';
import { openReader } from '../setup/reader.ts';
import { readMade } from '../setup/seed/made.ts';
import { registerUsers } from '../setup/users.ts';
import { DataKeys } from '../store/data-keys.ts';
import { dataFormat } from '../store/keys.ts';
import { headerKey } from '../store/seal-header.ts';
import { measured } from './measured-store.ts';
import { orderToLeave } from './node-orders.ts';
import { inSetupTurn } from './node-turn.ts';
import { upgradeStore } from './upgrade.ts';

/** One thing of each module that declares kinds of records, so that all of these modules are loaded. */
const declared = [
  [
    Outbox,
    endSession,
    Fleeting,
    OpaqueTokens,
    SigningKeys,
    longRunningKey,
    objectKey,
    backupCertificate,
    testIssuer,
    objectKeys,
  ],
  [vaultKey, clearPurged, dueKey, Leases, openCertificates, registerClients, createDemo, openDeveloper],
  [openGatewayAuthorities, openIdentity, openPortalUser, openReader, readMade, registerUsers],
  [DataKeys, headerKey, measured, inSetupTurn, orderToLeave, upgradeStore],
];

/**
 * For a program that reads records without being a server: `kindOf` knows each kind, and `format` is that of this
 * release. The modules are named one by one because the whole server would be in the package twice.
 */
export const everyKind = { format: dataFormat(), declared };
