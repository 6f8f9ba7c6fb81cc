/** Notices that `?notice=` puts in front of the page. */
import type { Notice } from '../../generated/Notice';

export const NOTICES: Record<string, Notice[]> = {
  fork: [
    {
      code: 'fork',
      severity: 'danger',
      message: 'The control plane showed two different histories for SRV-FILES-01. Entries after number 412 cannot be trusted. Keep both checkpoints, do not work on this endpoint, and ask whoever operates the control plane.',
      endpoint: 'ep-files-01',
      evidence: ['control.example/log/ep-files-01\n412\nqINS1GRFGWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n\n— control.example/log Yc8Q2tVgk0…', 'control.example/log/ep-files-01\n409\nZ2xvYmFsLW9wZXJhdG9yLWNoZWNrcG9pbnQtcm9vdCE=\n\n— control.example/log Yc8Q2tVgk0…'],
    },
  ],
  cache: [
    {
      code: 'cache_damaged',
      severity: 'warning',
      message: 'The cache on this disk was damaged and set aside as cache-2026-11-21.damaged. A new one is being filled from the control plane. What existed only in the old one can be read again once it is repaired.',
      endpoint: null,
      evidence: [],
    },
  ],
  signin: [
    {
      code: 'sign_in_needed',
      severity: 'warning',
      message: 'The control plane no longer accepts this sign-in. Everything synchronised can still be read. Sign in again to go on working.',
      endpoint: null,
      evidence: [],
    },
  ],
};
