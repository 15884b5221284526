/** Why a template is refused. `message` is the sentence inside Azure's "Deployment template validation failed: '…'." */
export interface TemplateRefusal {
  readonly kind: 'invalidTemplate';
  readonly message: string;
}

export type TemplateOutcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: TemplateRefusal };

/** Ends reading or evaluating a template, from any depth. `outcomeOf` turns it into a value. */
class TemplateRefused extends Error {
  override readonly name = 'TemplateRefused';
}

/** @throws {TemplateRefused} always */
export function refuse(message: string): never {
  throw new TemplateRefused(message);
}

/** The value of `step`, or its refusal of the template. */
export function outcomeOf<T>(step: () => T): TemplateOutcome<T> {
  try {
    return { ok: true, value: step() };
  } catch (error) {
    if (error instanceof TemplateRefused) {
      return { ok: false, refusal: { kind: 'invalidTemplate', message: error.message } };
    }
    throw error;
  }
}
