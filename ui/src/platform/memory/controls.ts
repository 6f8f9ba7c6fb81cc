/** Controls that audit tables of the in-memory host name. */
import type { AuditControl } from '../../generated/AuditControl';
import type { AuditPreset } from '../../generated/AuditPreset';

export const PRESETS: Record<AuditPreset, AuditControl[]> = {
  none: [],
  sox: [
    { id: 'SOX 404 ITGC: access to programs and data', asks: 'Access to systems that matter for financial reporting is authorised.', spoken_to_by: 'Every action with who asked, who or which policy allowed it, and that this came first.' },
    { id: 'SOX 404 ITGC: change management', asks: 'Changes are approved before they are made, by somebody else than who makes them.', spoken_to_by: 'Verdict, answers and their places in the log.' },
  ],
  hipaa: [
    { id: '45 CFR 164.308(a)(1)(ii)(D)', asks: 'Information system activity is reviewed regularly.', spoken_to_by: 'The table itself, exceptions first; and who attested the record.' },
    { id: '45 CFR 164.312(b)', asks: 'Activity in systems is recorded and examined.', spoken_to_by: 'Every action with exact command, times, places in the log and outcome.' },
  ],
};
