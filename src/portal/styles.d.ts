/** Styles that a page brings along; the build makes a file of them. */
declare module '*.css';
