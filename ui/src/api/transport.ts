/* The only place that touches the network: HTTP and the WebSocket to the page's own origin. */

export interface Reply {
  status: number;
  body: unknown;
}

export interface SocketHandlers {
  onOpen(): void;
  onFrame(frame: unknown): void;
  onClose(code: number): void;
}

export interface Socket {
  send(frame: unknown): void;
  close(): void;
}

export interface Transport {
  post(path: string, body: unknown, token: string | null, signal: AbortSignal): Promise<Reply>;
  socket(handlers: SocketHandlers): Socket;
}

export const browserTransport: Transport = {
  async post(path, body, token, signal) {
    const headers: Record<string, string> = { 'Content-Type': 'application/json' };
    if (token) {
      headers['Authorization'] = `Bearer ${token}`;
    }
    const answer = await fetch(path, {
      method: 'POST', headers, body: JSON.stringify(body), signal, cache: 'no-store', credentials: 'omit', redirect: 'error',
    });
    return { status: answer.status, body: await answer.json().catch(() => null) };
  },

  socket(handlers) {
    const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/ws`);
    socket.onopen = () => handlers.onOpen();
    socket.onclose = (event) => handlers.onClose(event.code);
    socket.onmessage = (event) => {
      try {
        handlers.onFrame(JSON.parse(String(event.data)));
      } catch {
        socket.close();
      }
    };
    return { send: (frame) => socket.send(JSON.stringify(frame)), close: () => socket.close() };
  },
};
