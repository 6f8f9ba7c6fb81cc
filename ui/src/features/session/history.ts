/**
 * The command line's memory: up and down walk through earlier commands that begin with what was typed. The newest comes first;
 * what was typed is kept and comes back at the end of the walk.
 */
export class History {
  #commands: string[];
  #typed = '';
  #at = -1;

  /** Newest first. */
  constructor(commands: readonly string[] = []) {
    this.#commands = [...new Set(commands)];
  }

  remember(command: string): void {
    this.#commands = [command, ...this.#commands.filter((known) => known !== command)];
    this.leave();
  }

  /** Whatever is typed next starts a new walk. */
  leave(): void {
    this.#at = -1;
    this.#typed = '';
  }

  /** The next older command that begins with what was typed before the walk, or null at the end. */
  older(current: string): string | null {
    if (this.#at < 0) this.#typed = current;
    for (let at = this.#at + 1; at < this.#commands.length; at += 1) {
      const command = this.#commands[at];
      if (command !== undefined && command !== current && command.startsWith(this.#typed)) {
        this.#at = at;
        return command;
      }
    }
    return null;
  }

  /** The next newer one; after the newest, what was typed. */
  newer(): string | null {
    if (this.#at < 0) return null;
    for (let at = this.#at - 1; at >= 0; at -= 1) {
      const command = this.#commands[at];
      if (command?.startsWith(this.#typed)) {
        this.#at = at;
        return command;
      }
    }
    const typed = this.#typed;
    this.leave();
    return typed;
  }
}
