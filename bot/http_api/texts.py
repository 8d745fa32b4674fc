"""Sentences that only callers of the API read: about URLs and uploads. All others are those of the chat."""

from collections.abc import Callable, Mapping

from bot.jobs.images import ImageRefusedError
from storage.job import Outcome

_EN = {
    "image_url_refused": "The picture's URL must be https and lead to the public internet.",
    "image_url_gone": "The picture could not be fetched: its server answered {status}.",
    "image_url_unreachable": "The picture could not be fetched: its server gave no usable answer.",
    "too_many_bytes": "The picture has {megabytes} MB; at most {max_megabytes} MB are taken.",
    "too_many_pixels": "The picture has {megapixels} megapixels; at most {max_megapixels} are taken.",
    "truncated": "The picture is incomplete: the end of the file is missing.",
}
_RU = {
    "image_url_refused": "Адрес картинки должен начинаться с https и вести в открытый интернет.",
    "image_url_gone": "Картинку не удалось загрузить: сервер ответил {status}.",
    "image_url_unreachable": "Картинку не удалось загрузить: сервер не дал годного ответа.",
    "too_many_bytes": "В картинке {megabytes} МБ, а можно до {max_megabytes} МБ.",
    "too_many_pixels": "На картинке {megapixels} мегапикселей, а можно до {max_megapixels}.",
    "truncated": "Картинка неполная: у файла нет конца.",
}
_PT_BR = {
    "image_url_refused": "O endereço da imagem deve ser https e levar à internet pública.",
    "image_url_gone": "Não foi possível baixar a imagem: o servidor respondeu {status}.",
    "image_url_unreachable": "Não foi possível baixar a imagem: o servidor não deu uma resposta utilizável.",
    "too_many_bytes": "A imagem tem {megabytes} MB; o máximo são {max_megabytes} MB.",
    "too_many_pixels": "A imagem tem {megapixels} megapixels; o máximo são {max_megapixels}.",
    "truncated": "A imagem está incompleta: falta o fim do arquivo.",
}
_KO = {
    "image_url_refused": "이미지 주소는 https여야 하며 공개 인터넷에 있어야 합니다.",
    "image_url_gone": "이미지를 가져오지 못했습니다. 서버 응답: {status}.",
    "image_url_unreachable": "이미지를 가져오지 못했습니다. 서버가 쓸 수 있는 응답을 주지 않았습니다.",
    "too_many_bytes": "이미지가 {megabytes}MB입니다. 최대 {max_megabytes}MB까지 가능합니다.",
    "too_many_pixels": "이미지가 {megapixels}메가픽셀입니다. 최대 {max_megapixels}메가픽셀까지 가능합니다.",
    "truncated": "이미지 파일의 끝부분이 없습니다.",
}

API_TEXTS: Mapping[str, Mapping[str, str]] = {"en": _EN, "ru": _RU, "pt_BR": _PT_BR, "ko": _KO}


def explained_by(chat: Callable[[Outcome, str], str]) -> Callable[[Outcome, str], str]:
    """Why a job failed, in a language: our sentence, or else the chat's."""

    def explain(outcome: Outcome, locale: str) -> str:
        sentence = API_TEXTS[locale].get(outcome.code or "")
        return sentence.format(**outcome.facts) if sentence else chat(outcome, locale)

    return explain


def refused_by(chat: Callable[[ImageRefusedError, str], str]) -> Callable[[ImageRefusedError, str], str]:
    """Why an uploaded picture cannot be used, in a language."""

    def refused(error: ImageRefusedError, locale: str) -> str:
        sentence = API_TEXTS[locale].get(error.code.value)
        return sentence.format(**error.data) if sentence else chat(error, locale)

    return refused
