/* A screen whose code comes when it is first looked at. */
import type { FunctionComponent } from 'preact';
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { asApiError, type ApiError } from '../api/errors';
import { T } from '../text';
import { Card, ErrorPanel, Skeleton } from './basic';

export function lazy<P extends object>(load: () => Promise<FunctionComponent<P>>): FunctionComponent<P> {
  let known: FunctionComponent<P> | null = null;
  return function Lazy(props: P) {
    const [isLate, draw] = useState(0);
    const [error, setError] = useState<ApiError | null>(null);
    useEffect(() => {
      if (!known) {
        load().then((screen) => {
          known = screen;
          draw(1);
        }, (cause) => setError(asApiError(cause)));
      }
    }, []);
    useLayoutEffect(() => {
      if (isLate && (!document.activeElement || document.activeElement === document.body)) {
        document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true }); /* as the shell does for a screen that is there at once */
      }
    }, [isLate]);
    const Screen = known;
    return Screen ? <Screen {...props} /> : error ? <Card><ErrorPanel what={T().what.page} error={error} /></Card> : <div data-lazy><Card busy><Skeleton what={T().what.page} /></Card></div>;
  };
}
