/** Cases that are not yet judged right, and why. They are expected to fail, and fail when they do not. */
export const notYetRight: Readonly<Record<string, string>> = {};
