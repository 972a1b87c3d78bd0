/* A screen whose code comes when it is first looked at. */
import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { asApiError, type ApiError } from '../api/errors';
import { T } from '../text';
import { Card, ErrorPanel, Skeleton } from './basic';

export function lazy<P extends object>(load: () => Promise<FunctionComponent<P>>): FunctionComponent<P> {
  let known: FunctionComponent<P> | null = null;
  return function Lazy(props: P) {
    const [, draw] = useState(0);
    const [error, setError] = useState<ApiError | null>(null);
    useEffect(() => {
      if (!known) {
        load().then((screen) => {
          known = screen;
          draw(1);
        }, (cause) => setError(asApiError(cause)));
      }
    }, []);
    const Screen = known;
    return Screen ? <Screen {...props} /> : error ? <Card><ErrorPanel what={T().what.page} error={error} /></Card> : <Card busy><Skeleton what={T().what.page} /></Card>;
  };
}
