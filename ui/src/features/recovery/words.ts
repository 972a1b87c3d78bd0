/* The texts of these screens in the chosen language. */
import { T } from '../../text';
import { recoveryEn, type RecoveryTexts } from '../../text/recovery_en';
import { recoveryZh } from '../../text/recovery_zh';

export const words = (): RecoveryTexts => (T().lang === 'zh-Hans' ? recoveryZh : recoveryEn);
