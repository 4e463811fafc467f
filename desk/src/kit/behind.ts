/** The rows behind a figure. */

/** So many the server gives at once. */
export const MOST_BEHIND = 200

/** There are more than are shown. */
export const isCut = (shown: number, figure: number) => shown >= MOST_BEHIND && shown < figure
