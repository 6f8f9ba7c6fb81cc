import { describe, expect, it } from 'vitest';
import type { ApprovalRow } from '../../generated/ApprovalRow';
import { countdown, reached, spoken, standing, waits } from './words';

const ROW: ApprovalRow = {
  action: 'act_1',
  session: 'ses_1',
  endpoint: 'ep_1',
  hostname: 'SRV-FILES-01',
  client: 'cli_1',
  client_name: 'Contoso',
  requester_name: 'John Doe',
  state: 'pending',
  class: 'changing',
  sentence: '',
  object: '',
  asked_at_ms: 0,
  expires_at_ms: 1000,
  needed: 2,
  approver: 'contact',
  delivered: [],
  seen: [],
  approved_by: [],
  denied_by: null,
  nudges: 0,
  for_me: true,
  mine: false,
  needs_number: false,
  answer: null,
  answer_sent: false,
  refusal: null,
  fault: null,
  number: null,
  by_mail: false,
  mails: [],
  emergency: false,
  review_due: false,
  review_for_me: false,
};

describe('a request in words', () => {
  it('waits only for those who have not answered', () => {
    expect(waits(ROW)).toBe(true);
    expect(waits({ ...ROW, answer: 'approved' })).toBe(false);
    expect(waits({ ...ROW, state: 'expired' })).toBe(false);
    expect(waits({ ...ROW, for_me: false, mine: true })).toBe(false);
  });

  it('never calls approved what the control plane has not', () => {
    expect(standing({ ...ROW, answer: 'approved' }, 0).label).toBe('Answer not sent yet');
    expect(standing({ ...ROW, answer: 'approved', answer_sent: true, approved_by: ['you'] }, 0).label).toBe('You approved, 1 of 2');
    expect(standing({ ...ROW, state: 'approved' }, 0).label).toBe('Approved');
    expect(standing({ ...ROW, fault: 'x', state: 'approved' }, 0).label).toBe('Does not hold');
    expect(standing(ROW, 1000).label).toBe('Time is up');
  });

  it('says whom it has reached', () => {
    expect(reached(ROW)).toBe('It has not reached anybody at Contoso yet.');
    expect(reached({ ...ROW, delivered: ['a contact of Contoso'] })).toContain('nobody has opened it');
    const mails = [{ name: 'Zdenka', address: 'z@contoso.example', state: 'accepted', attempts: 1, at_ms: 0, detail: '' }];
    expect(reached({ ...ROW, delivered: ['a contact of Contoso'], mails })).toBe('It was mailed to Zdenka; nobody has answered yet.');
    expect(reached({ ...ROW, delivered: ['a contact of Contoso', 'Maria'], mails })).toBe('It was mailed to Zdenka, and is on one console; nobody has answered yet.');
    expect(reached({ ...ROW, mails: mails.map((mail) => ({ ...mail, state: 'waiting' })) })).toBe('It has not reached anybody at Contoso yet.');
    expect(reached({ ...ROW, delivered: ['A', 'B'], seen: ['A', 'B'] })).toBe('A and B have it open.');
  });

  it('counts down and groups the number', () => {
    expect([countdown(899_001), countdown(61_000), countdown(7_260_000), countdown(-5)]).toEqual(['15:00', '1:01', '2 h 1 min', '0:00']);
    expect([spoken('471100'), spoken('123')]).toEqual(['471 100', '123']);
  });
});
