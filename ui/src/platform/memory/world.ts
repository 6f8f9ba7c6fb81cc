/** The organisation that the in-memory host shows: the seeds' three stories, a live session, and enough else to scroll. */
import type { EndpointRow } from '../../generated/EndpointRow';
import { Book, type Person, worst } from './book';

export const ME: Person = { id: 'mem-1', name: 'John Doe' };
const ANA: Person = { id: 'mem-2', name: 'Ana Ruiz' };
const PRIYA: Person = { id: 'mem-3', name: 'Priya Raman' };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export interface World {
  books: Map<string, Book>;
  live: string;
}

export function buildWorld(now: number): World {
  const books = new Map<string, Book>();
  const add = (id: string, client: string, hostname: string, os: string, more: Partial<EndpointRow> = {}, age = 190 * DAY): Book => {
    const row: EndpointRow = {
      endpoint: id,
      client: client.toLowerCase().replaceAll(' ', '-'),
      client_name: client,
      hostname,
      os,
      arch: 'x86_64',
      state: 'ready',
      sendable: null,
      log_size: 0,
      cached_size: 0,
      verification: 'verified',
      is_this_computer: false,
      changed_at_ms: now,
      ...more,
    };
    const book = new Book(row, now - age);
    books.set(id, book);
    return book;
  };

  const here = add('ep-this', 'Own computers', 'atlas-workstation', 'linux', { is_this_computer: true }, 2 * DAY);
  const retail = add('ep-retail-07', 'Northgate Retail', 'ENDPOINT-RETAIL-07', 'windows');
  const till = add('ep-retail-12', 'Northgate Retail', 'ENDPOINT-RETAIL-12', 'windows');
  add('ep-retail-long', 'Northgate Retail', 'NORTHGATE-DISTRIBUTION-CENTRE-WAREHOUSE-LABEL-PRINTER-CONTROLLER-03', 'windows', { state: 'offline' }, 88 * DAY);
  const files = add('ep-files-01', 'Meridian Freight', 'SRV-FILES-01', 'windows');
  const edge = add('ep-edge', 'Meridian Freight', 'edge-proxy-2', 'linux');
  const finance = add('ep-fin-db', 'Harbor Finance', 'fin-db-02', 'linux', { arch: 'aarch64' });
  const health = add('ep-health-12', 'Lakeside Dental Group', 'HEALTHCARE-12', 'windows', { state: 'offline' });
  add('ep-mac', 'Lakeside Dental Group', 'frontdesk-imac', 'macos', { arch: 'aarch64', state: 'pending' }, HOUR);

  many(now, [till, edge, finance, health, files, retail]);
  breach(retail);
  firewall(files);
  audit(finance, now);
  hostile(edge, now);
  vanished(health, now);
  const live = liveSession(here, now);
  for (const book of books.values()) {
    book.endpoint.verification = worst(book.items);
  }
  const pending = books.get('ep-mac');
  if (pending) {
    pending.items.splice(1);
    pending.endpoint.log_size = pending.endpoint.cached_size = 1;
  }
  return { books, live };
}

function breach(book: Book): void {
  const policy = 'After-hours incident response';
  book
    .at('2026-11-17T22:14:03Z')
    .open('ses-breach', ANA, 'Suspected ransomware, reported by phone at 22:10. Look, do not touch user data.')
    .at('2026-11-17T22:14:17Z')
    .note('Client’s store manager reports renamed files on the till share. Pre-authorised for after-hours incident response.')
    .at('2026-11-17T22:15:42Z')
    .run("Get-WinEvent -FilterHashtable @{LogName='Security'; ID=4625} -MaxEvents 6 | Format-Table TimeCreated, Id, Message", {
      interpreter: 'powershell',
      reason: 'Failed sign-ins before the report',
      policy,
      seconds: 3.8,
      out: '\r\nTimeCreated            Id Message\r\n-----------            -- -------\r\n11/17/2026 9:58:12 PM 4625 An account failed to log on. Account Name: svc-backup\r\n11/17/2026 9:58:10 PM 4625 An account failed to log on. Account Name: svc-backup\r\n11/17/2026 9:58:09 PM 4625 An account failed to log on. Account Name: administrator\r\n11/17/2026 9:58:07 PM 4625 An account failed to log on. Account Name: administrator\r\n11/17/2026 9:41:55 PM 4625 An account failed to log on. Account Name: till07\r\n11/17/2026 6:02:31 PM 4625 An account failed to log on. Account Name: till07\r\n',
    })
    .at('2026-11-17T22:18:19Z')
    .run('Get-ItemProperty HKLM:\\Software\\Microsoft\\Windows\\CurrentVersion\\Run', {
      interpreter: 'powershell',
      reason: 'Programs that start by themselves',
      policy,
      seconds: 0.6,
      out: '\r\nSecurityHealth : C:\\Windows\\system32\\SecurityHealthSystray.exe\r\nTillAgent      : "C:\\Program Files\\Northgate\\TillAgent\\agent.exe" --tray\r\nPSPath         : Microsoft.PowerShell.Core\\Registry::HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\r\nPSProvider     : Microsoft.PowerShell.Core\\Registry\r\n',
    })
    .at('2026-11-17T22:21:02Z')
    .chat('Run keys are clean. Looking at processes next.')
    .at('2026-11-17T22:21:40Z')
    .chat('Thanks. Carrier wants to know whether anybody opened the payroll folder, so stay out of C:\\Users.', PRIYA)
    .at('2026-11-17T22:23:55Z')
    .run("Get-Process | Where-Object {$_.ProcessName -match 'svchost|lsass|winlogon'}", {
      interpreter: 'powershell',
      reason: 'Processes that borrow a system name',
      policy,
      seconds: 1.2,
      out: '\r\nHandles  NPM(K)    PM(K)      WS(K)     CPU(s)     Id  SI ProcessName\r\n-------  ------    -----      -----     ------     --  -- -----------\r\n   1482      27     9640      21508       4.52    692   0 lsass\r\n    601      14     7032      15980       1.09    884   0 svchost\r\n   1210      19    12284      23116      12.77    936   0 svchost\r\n    283      12     3140      11264       0.31    620   1 winlogon\r\n',
    })
    .at('2026-11-17T22:27:30Z')
    .run('Get-MpThreatDetection | Select-Object -First 3', {
      interpreter: 'powershell',
      reason: 'What the virus scanner saw',
      policy,
      seconds: 2.1,
      exit: 1,
      err: 'Get-MpThreatDetection : The service cannot be started, either because it is disabled or because it has no enabled devices associated with it.\r\n    + CategoryInfo          : NotSpecified: (MSFT_MpThreatDetection:ROOT\\Microsoft\\...) [Get-MpThreatDetection], CimException\r\n    + FullyQualifiedErrorId : HRESULT 0x80070422,Get-MpThreatDetection\r\n',
    })
    .at('2026-11-17T22:31:08Z')
    .close();
}

function firewall(book: Book): void {
  const state = 'Rule Name:   Block SMB Inbound\r\nEnabled:     Yes\r\nDirection:   In\r\nProfiles:    Domain,Private,Public\r\nLocalPort:   445\r\nAction:      Block\r\n';
  const visit = book
    .at('2026-11-14T02:04:11Z')
    .open('ses-firewall', ME, 'File server unreachable, alert 88213')
    .wait(41)
    .run('netsh advfirewall show currentprofile', {
      interpreter: 'cmd',
      reason: 'Which firewall profile is active',
      seconds: 0.5,
      out: 'Domain Profile Settings:\r\n----------------------------------------------------------------------\r\nState                                 ON\r\nFirewall Policy                       BlockInbound,AllowOutbound\r\nLocalFirewallRules                    N/A (GPO-store only)\r\nFileName                              %systemroot%\\system32\\LogFiles\\Firewall\\pfirewall.log\r\nMaxFileSize                           4096\r\nOk.\r\n',
    })
    .wait(75);
  const command = 'netsh advfirewall firewall set rule name="Block SMB Inbound" new enable=no';
  const action = visit.propose(command, 'cmd', 'Rule blocks SMB from the domain; shares are unreachable', { probe: 'netsh advfirewall firewall show rule name="Block SMB Inbound"' });
  const contact = { kind: 'contact', name: 'Maria Okafor (Meridian Freight)' };
  visit
    .wait(0.1)
    .say('approval.requested', {
      action,
      facts: { digest: '5f2a9c…', expires_at_ms: visit.book.now + 900_000, needed: 1 },
      texts: { object: 'Windows Firewall rule “Block SMB Inbound” on SRV-FILES-01', current_state: 'enabled', proposed_action: 'disable' },
      actor: { kind: 'control', name: 'Control plane' },
    })
    .wait(2)
    .say('approval.delivered', { action, facts: { channel: 'console' }, actor: { kind: 'control', name: 'Control plane' } })
    .wait(96)
    .say('approval.decided', { action, facts: { decision: 'approved', channel: 'console' }, texts: { reason: 'Go ahead, dispatch is down.' }, actor: contact })
    .authorise(action, 'Changes to servers need the client', 'console')
    .wait(0.2)
    .endpoint('state.captured', action, { phase: 'before', exit_code: 0, complete: true }, { probe: 'netsh advfirewall firewall show rule name="Block SMB Inbound"', state })
    .endpoint('command.started', action, { pid: 5312, interpreter: 'cmd', elevated: true }, { cwd: 'C:\\Windows\\System32', user: 'NT AUTHORITY\\SYSTEM' })
    .wait(0.3)
    .endpoint('command.output', action, { stream: 'stdout', chunk: 0 }, { output: 'Updated 1 rule(s).\r\nOk.\r\n' })
    .wait(0.1)
    .endpoint('command.finished', action, { outcome: 'exited', exit_code: 0, duration_ms: 431, stdout_bytes: 25, stderr_bytes: 0 })
    .endpoint('state.captured', action, { phase: 'after', exit_code: 0, complete: true }, { probe: 'netsh advfirewall firewall show rule name="Block SMB Inbound"', state: state.replace('Yes', 'No ') })
    .wait(30)
    .run('Test-NetConnection SRV-FILES-01 -Port 445', {
      interpreter: 'powershell',
      reason: 'Verify that shares answer again',
      seconds: 1.9,
      out: '\r\nComputerName     : SRV-FILES-01\r\nRemotePort       : 445\r\nTcpTestSucceeded : True\r\n',
    })
    .wait(50)
    .note('Rule came from GPO “Hardening 2026-11”. Client to correct the policy on Monday.')
    .wait(12)
    .close();
}

function audit(book: Book, now: number): void {
  book.now = now - 26 * HOUR;
  book
    .open('ses-audit', PRIYA, 'Month-end close: replication lag on the ledger database (SOX in scope)')
    .wait(20)
    .run("sudo -u postgres psql -XAtc \"select client_addr, state, replay_lag from pg_stat_replication\"", { reason: 'Where the lag is', seconds: 0.3, out: '10.20.4.17|streaming|00:00:41.220184\n10.20.4.18|streaming|00:00:00.003120\n' })
    .wait(42)
    .run('df -h /var/lib/postgresql && iostat -dx 1 2 | tail -n 4', {
      reason: 'Disk or network',
      seconds: 2.3,
      out: 'Filesystem      Size  Used Avail Use% Mounted on\n/dev/nvme1n1    500G  463G   37G  93% /var/lib/postgresql\nDevice            r/s     rkB/s   r_await     w/s     wkB/s   w_await  %util\nnvme1n1        118.00   9216.00      0.61  942.00  71212.00     12.40  98.70\n',
    })
    .wait(200)
    .note('Disk at 93 %, saturated by autovacuum. Change request CR-4471 raised, nothing altered.')
    .wait(5)
    .close();
}

function hostile(book: Book, now: number): void {
  book.now = now - 5 * HOUR;
  const visit = book.open('ses-hostile', ANA, 'Proxy prints strange characters in its log').wait(11);
  visit
    .run('tail -n 5 /var/log/edge/access.log', {
      reason: 'What the reporter saw',
      out: '203.0.113.9 "GET /\u001b[2J\u001b]0;owned\u0007 HTTP/1.1" 404\n203.0.113.9 "GET /invoice\u202Egnp.exe HTTP/1.1" 200\n198.51.100.4 "GET /p\u0430ypal HTTP/1.1" 404\nprogress 10%\rprogress 100%\r\nnul\u0000byte and zero\u200bwidth\n',
    })
    .wait(8)
    .run('grep -c $(printf "\\033") /var/log/edge/access.log', { reason: 'How many lines carry escapes', out: '17\n' })
    .wait(30);
  const action = visit.propose('cat /dev/urandom | base64 | head -c 900000000', 'bash', 'Reproduce the flood that the client saw');
  visit
    .authorise(action)
    .endpoint('command.started', action, { pid: 881, interpreter: 'bash', elevated: false }, { cwd: '/root', user: 'root' })
    .wait(1)
    .endpoint('command.output', action, { stream: 'stdout', chunk: 0 }, { output: Array.from({ length: 60 }, (_, line) => `${btoa(`line ${line} of noise that nobody reads ${line * 7919}`)}`).join('\n') + '\n' })
    .wait(3)
    .endpoint('command.output_omitted', action, { stream: 'stdout', omitted_bytes: 891_289_600, omitted_sha256: '9b1c…' })
    .say('action.cancel_requested', { action })
    .wait(0.4)
    .endpoint('command.finished', action, { outcome: 'cancelled', duration_ms: 4400, stdout_bytes: 891_294_112, stderr_bytes: 0 })
    .wait(9)
    .close();
}

function vanished(book: Book, now: number): void {
  book.now = now - 49 * HOUR;
  const visit = book.open('ses-vanished', ME, 'Imaging workstation freezes during backup').wait(30);
  const action = visit.propose('chkdsk D: /scan', 'cmd', 'Read-only scan of the data disk');
  visit
    .authorise(action)
    .endpoint('command.started', action, { pid: 7020, interpreter: 'cmd', elevated: true }, { cwd: 'C:\\', user: 'NT AUTHORITY\\SYSTEM' })
    .wait(6)
    .endpoint('command.output', action, { stream: 'stdout', chunk: 0 }, { output: 'The type of the file system is NTFS.\r\nVolume label is IMAGING.\r\n\r\nStage 1: Examining basic file system structure ...\r\n' })
    .wait(71);
  book.add('endpoint.disconnected', { facts: { reason: 'lost' } });
  book.wait(310).add('endpoint.connected', { facts: { runtime_version: '0.1.0', next_counter: 41 } });
  book.add('recorder.gap', { facts: { cause: 'restarted', from_ms: book.now - 380_000, to_ms: book.now }, texts: { detail: 'The machine restarted. Output printed in the last seconds before that may be missing.' }, actor: { kind: 'endpoint', name: book.endpoint.hostname } });
  visit
    .say('action.unknown', { action, facts: { next_counter: 41 }, actor: { kind: 'control', name: 'Control plane' } })
    .wait(44)
    .note('Machine rebooted by itself. How the scan ended is not known; not repeated.')
    .wait(3)
    .close();
  const broken = book.items.find((item) => item.session === 'ses-vanished' && item.kind === 'command.output');
  if (broken) {
    broken.verification = 'broken';
    broken.fault = 'The output’s text does not match the commitment in the entry: it was altered after it was recorded, or damaged on this disk.';
  }
  const row = book.sessions.get('ses-vanished');
  if (row) row.verification = 'broken';
}

function liveSession(book: Book, now: number): string {
  book.now = now - 9 * 60_000;
  const visit = book.open('ses-live', ME, 'Check this computer before tonight’s update').wait(14);
  visit
    .run('uname -a', { reason: 'Kernel before the update', seconds: 0.1, out: 'Linux atlas-workstation 6.1.0-28-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22) x86_64 GNU/Linux\n' })
    .wait(33)
    .run('systemctl --failed --no-pager', { reason: 'Services that are down already', seconds: 0.2, out: '  UNIT                LOAD   ACTIVE SUB    DESCRIPTION\n● logrotate.service   loaded failed failed Rotate log files\n\nLOAD   = Reflects whether the unit definition was properly loaded.\nACTIVE = The high-level unit activation state, i.e. generalization of SUB.\n1 loaded units listed.\n' })
    .wait(40)
    .run('journalctl -u logrotate -n 3 --no-pager; ls /etc/logrotate.d/nginx.bak', { reason: 'Why logrotate failed', seconds: 0.4, exit: 2, out: 'Nov 21 00:00:04 atlas-workstation logrotate[1182]: error: nginx:1 duplicate log entry for /var/log/nginx/access.log\nNov 21 00:00:04 atlas-workstation systemd[1]: logrotate.service: Main process exited, code=exited, status=1/FAILURE\n', err: "ls: cannot access '/etc/logrotate.d/nginx.bak': No such file or directory\n" })
    .wait(61)
    .note('Duplicate nginx stanza, harmless. Fix after the update.');
  return 'ses-live';
}

const ROUTINE: [string, string, string, string][] = [
  ['Patch status before maintenance', 'powershell', 'Get-HotFix | Sort-Object InstalledOn | Select-Object -Last 2', 'Source        Description      HotFixID      InstalledOn\n------        -----------      --------      -----------\nHOST          Security Update  KB5044281     10/9/2026 12:00:00 AM\nHOST          Update           KB5044091     10/8/2026 12:00:00 AM\n'],
  ['Disk space warning', 'bash', 'df -h /', 'Filesystem      Size  Used Avail Use% Mounted on\n/dev/sda2        98G   81G   13G  87% /\n'],
  ['Printer queue stuck', 'powershell', 'Get-PrintJob -PrinterName "Front Desk"', 'Id    ComputerName    PrinterName     DocumentName         JobStatus\n--    ------------    -----------     ------------         ---------\n14                    Front Desk      till-report.pdf      Error, Printing\n'],
  ['DNS answers slowly', 'bash', 'resolvectl statistics', 'DNSSEC supported by current servers: no\nTransactions\nCurrent Transactions: 0\n  Total Transactions: 18291\n'],
  ['Certificate expires soon', 'bash', 'openssl x509 -enddate -noout -in /etc/ssl/edge.pem', 'notAfter=Dec  4 09:12:00 2026 GMT\n'],
];

function many(now: number, books: Book[]): void {
  const people = [ME, ANA, PRIYA];
  for (let at = 0; at < 48; at += 1) {
    const book = books[at % books.length];
    const routine = ROUTINE[(at * 7) % ROUTINE.length];
    if (!book || !routine) continue;
    const [purpose, interpreter, command, out] = routine;
    book.now = now - 60 * DAY + at * 27 * HOUR + ((at * 1931) % 7200) * 1000;
    book
      .open(`ses-${at}`, people[(at * 5) % 3] ?? ME, purpose)
      .wait(18 + (at % 9) * 4)
      .run(command, { interpreter, reason: purpose, out, seconds: 0.2 + (at % 7) * 0.3, exit: at % 11 === 4 ? 1 : 0 })
      .wait(60 + at * 3)
      .close();
  }
}
