/** In a data folder that a restore is filling: no server starts on it. */
export const restoringFile = 'restoring';
