interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** Whether the resource manager refused an action that changes something; its sentence names the action. */
export function isRefusedChange({ code, message }: Refusal): boolean {
  return code === 'AuthorizationFailed' && !message.includes("/read'");
}
