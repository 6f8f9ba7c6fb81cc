/**
 * The record's HTML as a browser writes it down again (WHATWG HTML, "Serializing HTML fragments"), so that a page of ten thousand entries is
 * compared as one text and not node by node. Where a browser writes it otherwise the texts differ, and the nodes decide.
 */
export function serialised(html: string): string {
  return (
    html
      // Quotes are escaped everywhere by us, and by browsers in attributes, where the record has none.
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('\u00a0', '&nbsp;')
      // The line feed after the tag is no part of the text.
      .replace(/(<pre[^>]*>)\n/g, '$1')
  );
}
