import { advise } from '../../probe/advise/advise.ts';
import type { Known } from '../../probe/advise/known.ts';
import type { StoredImage } from '../../registry/image/stored-image.ts';
import type { View } from '../api/schemas.ts';
import { adviceSentence, adviceSummary, wayOutWords } from './advice-words.ts';

/** Images held against what is known, for machines. Without images: only what is known. */
export function advisedView(images: readonly StoredImage[], known: readonly Known[]): View<'Advised'> {
  const advice = advise(images, known);
  return {
    known,
    advice: advice.map((one) => ({ ...one, sentence: adviceSentence(one), waysOutWords: wayOutWords(one) })),
    summary: adviceSummary(advice),
  };
}
