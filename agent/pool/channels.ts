// The books of a connection that listens for all clients: who listens to which channel, and what of that its server is still to be told.

import { AgentError } from '../base/errors.ts';
import type { Settings } from '../config/settings.ts';
import type { Member } from './listening_members.ts';

/** `turning`: the server has been told, and has not answered. */
type ChannelState = 'off' | 'turning' | 'on';

export class Channel {
  readonly name: string;
  state: ChannelState = 'off';
  readonly members = new Set<Member>();
  /** Those who have not committed yet, and until when the channel is listened to for them, by the clock. */
  readonly held = new Map<Member, number>();

  constructor(name: string) {
    this.name = name;
  }

  get isWanted(): boolean {
    return this.members.size > 0 || this.held.size > 0;
  }

  isOf(member: Member | undefined): boolean {
    return member !== undefined && (this.members.has(member) || this.held.has(member));
  }

  /** Those who wait until the server listens to it. */
  get waiting(): readonly Member[] {
    return [...this.held.keys(), ...this.members].filter(({ awaited }) => awaited.has(this));
  }
}

/** One thing that the server is told. */
export interface Step {
  readonly channel: Channel;
  readonly listens: boolean;
}

export class Channels {
  readonly #channels = new Map<string, Channel>();
  /** What the server has to be told of. */
  readonly #changed = new Set<Channel>();
  readonly #held = new Set<Channel>();
  /** Who is to be told that he may have missed something, as soon as the server listens again. */
  readonly missing = new Set<Member>();

  /** Those that somebody wants, and those that the server listens to still. */
  get size(): number {
    return this.#channels.size;
  }

  get isSettled(): boolean {
    return this.#changed.size === 0;
  }

  get(name: string): Channel | undefined {
    return this.#channels.get(name);
  }

  /** Why he may not have this one as well. */
  fullFor(name: string, member: Member | undefined, settings: Settings): AgentError | undefined {
    const channel = this.get(name);
    if (channel?.isOf(member) === true) return undefined;
    const full = (setting: 'max_listen_channels' | 'max_client_listen_channels'): AgentError =>
      new AgentError('listen_channels_full', { setting, max: settings[setting], channel: name });
    if ((member?.channels.size ?? 0) >= settings.max_client_listen_channels)
      return full('max_client_listen_channels');
    if (channel === undefined && this.size >= settings.max_listen_channels)
      return full('max_listen_channels');
    return undefined;
  }

  add(name: string, member: Member): Channel {
    const channel = this.#obtain(name, member);
    channel.held.delete(member);
    channel.members.add(member);
    // It has committed, and nobody was listening.
    if (channel.state !== 'on') this.#miss(channel, member);
    this.#look(channel);
    return channel;
  }

  hold(name: string, member: Member, until: number): Channel {
    const channel = this.#obtain(name, member);
    if (!channel.members.has(member)) {
      channel.held.set(member, until);
      this.#held.add(channel);
    }
    this.#look(channel);
    return channel;
  }

  remove(channel: Channel, member: Member): void {
    channel.members.delete(member);
    channel.held.delete(member);
    member.channels.delete(channel);
    member.awaited.delete(channel);
    member.missed.delete(channel.name);
    this.#look(channel);
  }

  /** It is not his any more, and held for him: he is about to listen to it again. */
  holdOn(channel: Channel, member: Member, until: number): void {
    channel.members.delete(member);
    this.hold(channel.name, member, until);
  }

  /** Gives up what was to be held until `now` or earlier. @param onExpired is told whose it was. */
  expire(now: number, onExpired: (member: Member) => void): void {
    for (const channel of this.#held) {
      for (const [member, until] of channel.held) {
        if (until > now || member.awaited.has(channel)) continue;
        this.remove(channel, member);
        onExpired(member);
      }
      if (channel.held.size === 0) this.#held.delete(channel);
    }
  }

  /** What the server is told next; `done()` when it has answered. */
  take(max: number): readonly Step[] {
    const steps: Step[] = [];
    for (const channel of this.#changed) {
      if (steps.length >= max) break;
      this.#changed.delete(channel);
      steps.push({ channel, listens: channel.state === 'off' });
      channel.state = 'turning';
    }
    return steps;
  }

  /** @param isSo false: it has refused all of them. */
  done(steps: readonly Step[], isSo: boolean): void {
    for (const { channel, listens } of steps) {
      channel.state = listens === isSo ? 'on' : 'off';
      this.#look(channel);
    }
  }

  /** The server is gone, and with it all that it listened to. */
  onLost(): void {
    for (const channel of this.#channels.values()) {
      channel.state = 'off';
      for (const member of channel.members) this.#miss(channel, member);
      this.#look(channel);
    }
  }

  #miss(channel: Channel, member: Member): void {
    member.missed.add(channel.name);
    this.missing.add(member);
  }

  #obtain(name: string, member: Member): Channel {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = new Channel(name);
      this.#channels.set(name, channel);
    }
    member.channels.add(channel);
    return channel;
  }

  #look(channel: Channel): void {
    if (channel.state === 'turning') return;
    const { isWanted } = channel;
    if (isWanted === (channel.state === 'on')) this.#changed.delete(channel);
    else this.#changed.add(channel);
    if (!isWanted && channel.state === 'off') {
      this.#channels.delete(channel.name);
      this.#held.delete(channel);
    }
  }
}
