/**
 * Signing in on the in-memory host. What an address offers and how its provider behaves is in the address itself: `password` in it has
 * accounts only, `sso` a provider only; `denied`, `clock`, `gone`, `stray`, `slow` and `other` name what the provider does.
 */
import { Failure, type HostEvent, type SignIn, type SignInWays } from '../host';

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
const failure = (code: string, message: string) => new Failure({ code, message, retry_after_ms: null });

export class Gate {
  #stop: (() => void) | null = null;

  constructor(readonly tell: (event: HostEvent) => void) {}

  async ways(address: string): Promise<SignInWays> {
    await pause(150);
    if (!/^https?:\/\/[^/]+\.[^/]+/.test(address)) throw failure('invalid', `"${address}" is not an address; expected something like https://control.example.com.`);
    if (address.includes('nowhere')) throw failure('offline', `The control plane cannot be reached: nothing answers at ${address}.`);
    if (address.includes('website')) throw failure('untrusted_answer', `Something answers at ${address}, but it is not a Caisey control plane. Check the address.`);
    const providers = address.includes('password') ? [] : [{ issuer: 'https://id.northstar-it.example', name: 'Northstar single sign-on', host: 'id.northstar-it.example' }];
    return { address: address.replace(/\/$/, ''), local: !address.includes('sso'), providers };
  }

  async enter(how: SignIn): Promise<void> {
    if (how.provider === null) {
      await pause(300);
      if (how.password === 'wrong') throw failure('unauthenticated', 'This e-mail address and password do not go together.');
      return;
    }
    const stopped = new Promise<never>((_, fail) => (this.#stop = () => fail(failure('cancelled', 'Stopped, as asked. Nothing was changed.'))));
    await Promise.race([this.#browser(how.address), stopped]);
  }

  stop(): void {
    this.#stop?.();
    this.#stop = null;
  }

  async #browser(address: string): Promise<void> {
    await pause(200);
    if (address.includes('gone')) throw failure('provider_unreachable', 'The sign-in service at id.northstar-it.example cannot be reached (connection refused). Check the network and try again.');
    const page = 'https://id.northstar-it.example/authorize?response_type=code&client_id=caisey-console&state=Zm9yIHRlc3Rz&code_challenge_method=S256';
    this.tell({ type: 'sign_in', progress: { at: 'browser', address: page, strays: 0 } });
    if (address.includes('stray')) {
      await pause(200);
      this.tell({ type: 'sign_in', progress: { at: 'browser', address: page, strays: 1 } });
    }
    await pause(address.includes('slow') || address.includes('stray') ? 60_000 : 700);
    if (address.includes('denied')) throw failure('sign_in_refused', 'id.northstar-it.example did not sign you in: access_denied.');
    if (address.includes('clock')) throw failure('clock_differs', 'The clocks differ: this computer’s is 3 hours ahead of the sign-in service’s. Nothing that it signs can be judged like that. Set this computer’s clock and sign in again.');
    this.tell({ type: 'sign_in', progress: { at: 'finishing' } });
    await pause(400);
    if (address.includes('other')) throw failure('forbidden', 'You are signed in, but your organisation does not use this control plane.');
  }
}
