/** The variable with the folder in which the tests of one run keep for each other what takes long to make. */
export const keptVariable = 'KEPT_FOLDER';
