/** What the hand-over screens need from a host: snapshots that are read and attested, what is hidden, what leaves, answers, tables. */
import type { AuditPreset } from '../generated/AuditPreset';
import type { AuditRow } from '../generated/AuditRow';
import type { AuditView } from '../generated/AuditView';
import type { CoverageView } from '../generated/CoverageView';
import type { DraftRow } from '../generated/DraftRow';
import type { DraftView } from '../generated/DraftView';
import type { NegativeView } from '../generated/NegativeView';
import type { NewShare } from '../generated/NewShare';
import type { RecordOf } from '../generated/RecordOf';
import type { ScrubView } from '../generated/ScrubView';
import type { ShareRow } from '../generated/ShareRow';
import type { ShareVisitRow } from '../generated/ShareVisitRow';
import type { Shown } from '../generated/Shown';
import type { TextPoint } from '../generated/TextPoint';

/** What was selected in a row's text, and as what it is to be hidden. */
export interface Selected {
  row: number;
  text: string;
  from: TextPoint;
  to: TextPoint;
  class: string;
}

/** What leaves. A password means the certificate that was chosen; without one the organisation's own authority signs. */
export interface Leaving {
  form: 'pack' | 'pdf';
  scrubbed: boolean;
  ask: string[];
  link: string | null;
  signing: { password: string | null; authority: string | null };
}

export type TableForm = 'csv' | 'json' | 'pdf';

export interface HandOver {
  /** Gathers and proves a record, and keeps it open as a snapshot until it is closed. */
  open(of: RecordOf): Promise<DraftView>;
  rows(draft: string, from: number, count: number): Promise<DraftRow[]>;
  /** Tells what was on the screen since the last time; answers with what was in all. */
  shown(draft: string, shown: Shown[]): Promise<CoverageView>;
  close(draft: string): Promise<void>;
  attest(draft: string): Promise<DraftView>;
  refuse(draft: string, reason: string): Promise<DraftView>;
  scrub(draft: string): Promise<ScrubView>;
  hide(draft: string, selection: Selected): Promise<ScrubView>;
  show(draft: string, row: number, text: string, at: number, reason: string): Promise<ScrubView>;
  /** The file's name, or null when the person changed their mind. */
  chooseCertificate(): Promise<string | null>;
  /** Asks where to save; resolves with the path, or null. Progress arrives as `export` events under the draft's name. */
  leave(draft: string, wanted: Leaving): Promise<string | null>;
  /** Makes a link for a draft, scrubbed. Progress in bytes arrives as `export` events under the draft's name. */
  share(draft: string, wanted: NewShare, ask: string[]): Promise<ShareRow>;
  /** Puts a draft in place of what a link shows; the link stays. */
  refreshShare(draft: string, share: string, unreviewed: boolean, ask: string[]): Promise<ShareRow>;
  shares(): Promise<ShareRow[]>;
  visits(share: string): Promise<ShareVisitRow[]>;
  /** Ends a link at once, for good. */
  revoke(share: string): Promise<void>;
  ask(of: RecordOf, pattern: string): Promise<NegativeView>;
  saveCertificate(of: RecordOf, pattern: string): Promise<string | null>;
  /** Counts and the first lines of a table, made anew. */
  audit(of: RecordOf, preset: AuditPreset): Promise<AuditView>;
  /** Lines of that table, from one on, in the order of its counts. */
  auditRows(of: RecordOf, preset: AuditPreset, from: number, count: number): Promise<AuditRow[]>;
  saveAudit(of: RecordOf, preset: AuditPreset, about: string, form: TableForm): Promise<string | null>;
}

type Ask = <T>(command: string, facts?: Record<string, unknown>) => Promise<T>;

/** On the desktop: one command each. */
export function handOverBy(ask: Ask): HandOver {
  return {
    open: (of) => ask('open_draft', { of }),
    rows: (draft, from, count) => ask('draft_rows', { draft, from, count }),
    shown: (draft, shown) => ask('draft_shown', { draft, shown }),
    close: (draft) => ask('close_draft', { draft }),
    attest: (draft) => ask('attest_draft', { draft }),
    refuse: (draft, reason) => ask('refuse_draft', { draft, reason }),
    scrub: (draft) => ask('scrub_draft', { draft }),
    hide: (draft, selection) => ask('hide_in_draft', { draft, selection }),
    show: (draft, row, text, at, reason) => ask('show_in_draft', { draft, row, text, at, reason }),
    chooseCertificate: () => ask('choose_certificate'),
    leave: (draft, wanted) => ask('hand_over', { draft, wanted }),
    share: (draft, wanted, questions) => ask('share_draft', { draft, wanted, ask: questions }),
    refreshShare: (draft, share, unreviewed, questions) => ask('refresh_share', { draft, share, unreviewed, ask: questions }),
    shares: () => ask('shares'),
    visits: (share) => ask('share_visits', { share }),
    revoke: (share) => ask('revoke_share', { share }),
    ask: (of, pattern) => ask('ask_negative', { of, pattern }),
    saveCertificate: (of, pattern) => ask('save_certificate', { of, pattern }),
    audit: (of, preset) => ask('audit_view', { of, preset }),
    auditRows: (of, preset, from, count) => ask('audit_rows', { of, preset, from, count }),
    saveAudit: (of, preset, about, form) => ask('save_audit', { of, preset, about, form }),
  };
}
